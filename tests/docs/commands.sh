# What commands of the docs are in the tests: the programs themselves, as far as this machine has them.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Shows what a command says until a line has what is looked for, and ends it then; fails where it never comes.
until_said() {
  local sought=$1 stream pid line
  shift
  exec {stream}< <(exec "$@")
  pid=$!
  while read -r line <&"$stream"; do
    echo "$line"
    if [[ $line == *"$sought"* ]]; then
      kill "$pid"
      cat <&"$stream" >/dev/null
      exec {stream}<&-
      return 0
    fi
  done
  echo "$* has ended without: $sought" >&2
  return 1
}

# A refusal of the server is a failure here. A stream would go on for ever: it ends when it is up to date.
# Servers of others are nobody's to ask.
curl() {
  local part
  for part in "$@"; do
    [[ $part != http* || $part == http://127.0.0.1:* ]] || { echo "$part is no server of the tests" >&2; return 1; }
  done
  if [[ " $* " == *" -N "* ]]; then until_said 'event: resumed' curl -sS --fail-with-body "$@"
  else command curl -sS --fail-with-body "$@"
  fi
}

syncline() {
  case " $* " in
    " serve ") ;; # It runs already.
    *" --watch "*) until_said written node "$root/server/syncline.ts" "$@" ;;
    *) node "$root/server/syncline.ts" "$@" ;;
  esac
}

npx() {
  [[ $1 == syncline ]] || { echo "npx $1 is nothing of ours" >&2; return 1; }
  shift
  syncline "$@"
}

# Of scripts that take minutes, or run already, it is known that there are such.
npm() {
  local command=$1
  shift
  case $command in
    ci | pack) ;;
    install) node -e 'const { name, version, dependencies } = require(process.argv[1])
      const ours = [name, `./${name}-${version}.tgz`]
      const unknown = process.argv.slice(2).filter((one) => !ours.includes(one) && !(one in dependencies))
      if (unknown.length > 0) throw new Error(`not among our dependencies: ${unknown}`)' "$root/package.json" "$@" ;;
    start | test) node -e 'process.exit(process.argv[2] in require(process.argv[1]).scripts ? 0 : 1)' "$root/package.json" "$command" ;;
    run)
      local script=$1
      shift
      [[ ${1-} == -- ]] && shift
      if [[ $script == syncline ]]; then syncline "$@"
      else node -e 'process.exit(process.argv[2] in require(process.argv[1]).scripts ? 0 : 1)' "$root/package.json" "$script"
      fi ;;
    *) echo "npm $command is not known here" >&2; return 1 ;;
  esac
}

# Of Postgres' own programs, the one that is a statement.
made=()
createdb() {
  node "$root/tests/docs/database.ts" create "$1"
  made+=("$1")
}
trap 'for name in "${made[@]-}"; do [[ -z $name ]] || node "$root/tests/docs/database.ts" drop "$name"; done' EXIT

# Not on every machine that runs the tests; that their commands are right, nobody has seen here.
for absent in docker kubectl pg_dump pg_restore pg_basebackup psql systemctl; do
  eval "$absent() { :; }"
done

// Loaded before a server: at SIGUSR2 its clock jumps by CLOCK_JUMP ms, and at the next one back.
const { now } = Date
let shift = 0
process.on('SIGUSR2', () => {
  shift = shift === 0 ? Number(process.env.CLOCK_JUMP) : 0
})
Date.now = () => now() + shift
globalThis.Date = new Proxy(Date, {
  construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [Date.now()] : args, made),
})

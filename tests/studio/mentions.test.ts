import { expect, it } from 'vitest'
import { choosing, mentionedIn } from '../../client/studio/mentions.ts'

const person = (id: string, name = id) => ({ id, name })
const ada = person('ada-1', 'Ada')
const other = person('ada-2', 'Ada')
const people = [
  ada,
  other,
  person('ann', 'Ann'),
  person('anna', 'Anna'),
  person('annie', 'Anna Lee'),
  person('bob'),
  person('bob.smith'),
  person('kim', 'Kim 👩'),
  person('dev', 'Kim 👩‍💻'),
  person('odd', 'a.* (b|c) $&'),
  person('uml', 'Zoë'),
]

it.each([
  ['@Anna', ['anna']],
  ['@Ann, and @Anna Lee', ['ann', 'annie']],
  ['@Annabel', []],
  ['@Ann’s and (@Ann)', ['ann']],
  ['x@bob or https://example.org/@bob', []],
  ['@bob.', ['bob']],
  ['@bob.smith', ['bob.smith']],
  ['@bob.jones and @bob@example.org', []],
  ['🎉@Kim 👩‍💻!', ['dev']],
  ['@Kim 👩', ['kim']],
  ['@a.* (b|c) $& @a.x', ['odd']],
  ['@Zoë\n@Zoëe', ['uml']],
  ['@Ada', ['ada-1', 'ada-2']],
])('[UI76] %s mentions %j', (text, ids) => {
  expect(mentionedIn(text, people, [])).toEqual(ids)
})

it('[UI76] of several of one name who was chosen is mentioned, and who was chosen last in their place', () => {
  expect(mentionedIn('@Ada', people, [other])).toEqual(['ada-2'])
  expect(mentionedIn('Dear @Anna', people, [other, person('ann', 'Ann')])).toEqual(['anna'])
  const instead = choosing(other, 'Dear ', [ada])
  expect(mentionedIn('Dear @Ada', people, instead)).toEqual(['ada-2'])
  const both = choosing(other, '@Ada and ', [ada])
  expect(mentionedIn('@Ada and @Ada', people, both)).toEqual(['ada-1', 'ada-2'])
  // Also of who has gone since, or is called otherwise by now.
  expect(mentionedIn('@Eve', people, [person('eve', 'Eve')])).toEqual(['eve'])
})

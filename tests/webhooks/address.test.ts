import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Addresses, type Resolve } from '../../server/webhooks/address.ts'
import { post } from '../../server/webhooks/send.ts'
import { type Receiver, startReceiver } from './receiver.ts'

const says =
  (...answers: readonly (readonly string[])[]): Resolve =>
  async () =>
    answers.length > 1 ? ((answers as string[][]).shift() ?? []) : (answers[0] ?? [])
const PUBLIC = says(['93.184.216.34'])
const refusal = { code: 'webhook-address-refused' }

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const send = (addresses: Addresses, url: string) =>
  post(addresses, url, {}, '{"type":"ping"}', AbortSignal.timeout(5_000))

describe('an address', () => {
  it.each([
    'https://10.1.2.3/',
    'https://127.0.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://172.31.0.1',
    'https://192.168.0.1',
    'https://100.64.0.1',
    'https://0.0.0.0',
    'https://224.0.0.1',
    'https://255.255.255.255',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[::ffff:a00:1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[2002:a00:1::]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[ff02::1]/',
  ])('[HOOK6] %s is refused, and said to be private', async (url) => {
    await expect(new Addresses([], PUBLIC).require(url)).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining('private network'),
    })
  })

  it.each([
    ['http://example.com/', 'https'],
    ['ftp://example.com/', 'https'],
    ['file:///etc/passwd', 'https'],
    ['not an address', 'https'],
    ['https://user:secret@example.com/', 'user'],
    ['https://user@example.com/', 'user'],
  ])('[HOOK6] %s is refused', async (url, why) => {
    await expect(new Addresses([], PUBLIC).require(url)).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining(why),
    })
  })

  it('[HOOK6] is taken where it is public, by number or by name', async () => {
    for (const url of ['https://93.184.216.34/', 'https://[2606:4700::1]:8443/', 'https://example.com/x?y=z'])
      await expect(new Addresses([], PUBLIC).require(url)).resolves.toBeUndefined()
  })

  it.each([[['10.0.0.1']], [['93.184.216.34', '10.0.0.1']], [['2606:4700::1', '::1']], [[]]])(
    '[HOOK6] a name that stands for %j is refused',
    async (found) => {
      await expect(new Addresses([], says(found)).require('https://a.example/')).rejects.toMatchObject(
        refusal,
      )
    },
  )

  it('[HOOK6] in a network that is allowed is taken, over http too, and no other', async () => {
    const addresses = new Addresses(['10.0.0.0/8', '192.168.1.7', 'fd00::/8'], says(['10.9.9.9']))
    for (const url of ['http://10.1.2.3/', 'https://192.168.1.7', 'http://[fd00::1]/', 'http://inside/'])
      await expect(addresses.require(url)).resolves.toBeUndefined()
    for (const url of ['https://192.168.1.8', 'https://127.0.0.1', 'http://93.184.216.34'])
      await expect(addresses.require(url)).rejects.toMatchObject(refusal)
  })
})

describe('a name that means something else a moment later', () => {
  const port = () => new URL(receiver.url).port

  it('[HOOK7] is not connected to', async () => {
    const addresses = new Addresses([], says(['93.184.216.34'], ['127.0.0.1']))
    await addresses.require(`https://rebound.example:${port()}/`)
    await expect(send(addresses, `https://rebound.example:${port()}/`)).rejects.toThrow(
      '127.0.0.1 is in a private',
    )
    await expect(send(addresses, `http://127.0.0.1:${port()}/`)).rejects.toThrow('private')
    expect(receiver.received).toHaveLength(0)
  })

  it('[HOOK7] has a control: where the network is allowed it is connected to what the name said last', async () => {
    const addresses = new Addresses(['127.0.0.0/8'], says(['127.0.0.9'], ['127.0.0.1']))
    await addresses.require(`http://rebound.example:${port()}/control`)
    expect(await send(addresses, `http://rebound.example:${port()}/control`)).toMatchObject({ status: 200 })
    expect(receiver.messages('/control')).toHaveLength(1)
  })
})

describe('an answer', () => {
  const addresses = new Addresses(['127.0.0.0/8'])

  it('[HOOK7] that leads elsewhere is not followed', async () => {
    receiver.answer = () => ({ status: 307, headers: { location: `${receiver.url}/elsewhere` } })
    expect(await send(addresses, receiver.url)).toMatchObject({ status: 307 })
    expect(receiver.messages('/elsewhere')).toHaveLength(0)
  })

  it('[HOOK4] says when to come again, in seconds or by a date', async () => {
    const ask = async (header: string) => {
      receiver.answer = () => ({ status: 503, headers: { 'retry-after': header } })
      return (await send(addresses, receiver.url)).retryAfter
    }
    expect(await ask('120')).toBe(120_000)
    expect(await ask(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(50_000)
    expect(await ask('soon')).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { addressedToLoopback, originAllowed } from '../../server/http/origin.ts'

describe('[ACC11] originAllowed', () => {
  it.each([
    ['no origin: a program, not a browser', undefined, 'sync.example', [], true],
    ['its own pages', 'https://sync.example', 'sync.example', [], true],
    [
      'its own pages behind a proxy that names the port',
      'https://sync.example',
      'sync.example:443',
      [],
      true,
    ],
    ['its own pages on a port', 'http://localhost:1234', 'localhost:1234', [], true],
    ['a listed origin', 'https://app.example', 'sync.example', ['https://app.example'], true],
    ['any origin', 'https://evil.example', 'sync.example', ['*'], true],
    ['another port of its host', 'http://localhost:3000', 'localhost:1234', [], false],
    ['another host', 'https://evil.example', 'sync.example', ['https://app.example'], false],
    ['a host that ends like its own', 'https://evilsync.example', 'sync.example', [], false],
    ['a host that begins like its own', 'https://sync.example.evil', 'sync.example', [], false],
    ['a listed host by another scheme', 'http://app.example', 'sync.example', ['https://app.example'], false],
    ['a sandboxed frame', 'null', 'sync.example', [], false],
    ['a file', 'file://', 'sync.example', [], false],
    ['an empty origin', '', 'sync.example', [], false],
    ['a request without a host', 'https://sync.example', undefined, [], false],
    ['an opaque origin without a host', 'data:x', '', [], false],
  ])('[ACC11] %s', (_, origin, host, allowed, expected) => {
    expect(originAllowed({ origin, host }, allowed)).toBe(expected)
  })
})

describe('addressedToLoopback', () => {
  it.each([
    ['localhost:1234', true],
    ['127.0.0.1:1234', true],
    ['127.8.9.1', true],
    ['[::1]:1234', true],
    ['app.localhost:1234', true],
    ['evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example', false],
    ['192.168.0.1', false],
    ['', false],
    [undefined, false],
  ])('[ACC10] %s: %s', (host, expected) => {
    expect(addressedToLoopback(host)).toBe(expected)
  })
})

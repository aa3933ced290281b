import { expect, test } from 'bun:test'
import { listen } from '../../src/http/server.ts'

test('serves on a free port until it is stopped', async () => {
  const server = await listen(() => new Response('here'), { host: '127.0.0.1', port: 0 })
  expect(server.port).toBeGreaterThan(0)
  const url = `http://127.0.0.1:${server.port}/`
  expect(await (await fetch(url)).text()).toBe('here')
  await server.stop()
  await expect(fetch(url)).rejects.toThrow()
})

test('a request under way is answered before the end', async () => {
  const arrived = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const handler = async () => {
    arrived.resolve()
    await release.promise
    return new Response('late')
  }
  const server = await listen(handler, { host: '127.0.0.1', port: 0 })
  const answer = fetch(`http://127.0.0.1:${server.port}/`).then((response) => response.text())
  await arrived.promise
  const stopped = server.stop()
  release.resolve()
  expect(await answer).toBe('late')
  await stopped
})

test('a request that never ends does not hold up the end', async () => {
  const arrived = Promise.withResolvers<void>()
  const server = await listen(
    () => {
      arrived.resolve()
      return new Promise<Response>(() => {})
    },
    { host: '127.0.0.1', port: 0 },
  )
  const answer = fetch(`http://127.0.0.1:${server.port}/`).catch(() => 'cut off')
  await arrived.promise
  await server.stop(50)
  expect(await answer).toBe('cut off')
})

test('a taken port is named with the remedy', async () => {
  const server = await listen(() => new Response(), { host: '127.0.0.1', port: 0 })
  try {
    const second = listen(() => new Response(), { host: '127.0.0.1', port: server.port })
    await expect(second).rejects.toThrow(`Cannot listen on 127.0.0.1:${server.port}`)
    await expect(second).rejects.toThrow('Choose another one with --listen')
  } finally {
    await server.stop()
  }
})

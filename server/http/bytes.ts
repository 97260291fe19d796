/**
 * Bytes as the body of an answer, with the header that goes with it. A `Response` that is given the bytes themselves copies
 * them twice, outside the heap, where V8 counts them: 65 texts of 100 KB a second had it collect everything once a second,
 * 20 ms in steps and a pause of 4, for which everybody's edits waited.
 */
export const bytesBody = (bytes: Uint8Array<ArrayBuffer>) => ({
  body: new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) => {
        controller.enqueue(bytes)
        controller.close()
      },
    },
    { highWaterMark: 0 },
  ),
  headers: { 'Content-Length': String(bytes.length) },
})

/**
 * How Node is started for a server, as `npm start` and the image do. V8 lets the young generation of a process that many come to
 * at once grow to 128 MiB, and keeps it: of 63 KB that an idle connection took of the system, 40. With 16 MiB to a half of it an edit
 * costs no more (`propagation`, `rooms`, `ack`, `crowd` and `open`, in turns).
 */
export const NODE_FLAGS = ['--max-semi-space-size=16'] as const

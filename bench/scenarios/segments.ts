import type { Scenario } from '../bench.ts'
import { RECORDED_ROOM, recording, typeRecording, unpacked } from './recording.ts'

/** What a room's whole history takes in the database, once it is packed. */
export const segments: Scenario = {
  name: 'segments',
  title: 'history on disk',
  columns: [
    { figure: 'edits', title: 'edits', digits: 0 },
    { figure: 'bytes', title: 'bytes per packed edit', digits: 2 },
    { figure: 'unpacked', title: 'edits not packed yet', digits: 0 },
  ],
  goals: [{ figure: 'bytes', atMost: 8 }],
  run: async (bench) => {
    await typeRecording(bench)
    const { length: edits } = await recording(bench)
    const [row] = await bench.postgres.query<{ bytes: string; packed: string }>(
      'syncline',
      `select coalesce(sum(length(bytes)), 0) as bytes, coalesce(sum(last_seq - first_seq + 1), 0) as packed
       from room_segments join rooms on rooms.id = room_id where name = $1`,
      [RECORDED_ROOM],
    )
    const bytes = Number(row?.bytes) / Number(row?.packed)
    return new Map([['syncline', { edits, bytes, unpacked: await unpacked(bench) }]])
  },
}

import { z } from '@hono/zod-openapi'
import { API_PREFIX } from '../protocol.ts'

export const ROOM_EVENTS = `${API_PREFIX}/rooms/{room}/events`
export const roomParam = z.object({ room: z.string() })

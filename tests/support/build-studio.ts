import { pino } from 'pino'
import { ensureStudio } from '../../server/studio.ts'

await ensureStudio(pino({ level: 'warn' }))

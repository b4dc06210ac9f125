// What the Dockerfile executes: builds, and lays out what is ours in the image.
import { build } from './build.ts'
import { writeImageFiles } from './image/files.ts'

await build()
await writeImageFiles()

export { default } from '../../../tasks/archive.ts'

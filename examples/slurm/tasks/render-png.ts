export { default } from '../../../tasks/render-png.ts'

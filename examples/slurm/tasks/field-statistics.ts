export { default } from '../../../tasks/field-statistics.ts'

/**
 * Stands in for the package `string-width` when the program is bundled (scripts/build.js): that one makes an
 * `Intl.Segmenter` and compiles emoji expressions when it is loaded, which took 90 of the 200 ms before the application's
 * start; yargs needs it for the layout of help texts only.
 */
export { stringWidth as default } from '../views/string-width.ts'

// npm run man: writes man/odop.1 from the table of commands and options that the command line itself is made of.
// With --check it only tells whether the page is up to date, by its exit code.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commands } from '../src/cli/commands.ts'
import { optionText, pageGroups } from '../src/cli/help/command-pages.ts'
import { version } from '../src/version.ts'

const file = fileURLToPath(new URL('../man/odop.1', import.meta.url))

function main() {
  const page = manual(pageGroups(commands))
  if (!process.argv.includes('--check')) {
    mkdirSync(new URL('../man', import.meta.url), { recursive: true })
    writeFileSync(file, page)
  } else if (page !== readIfThere()) {
    console.error('man/odop.1 is not what the commands are now: npm run man')
    process.exitCode = 1
  }
}

function manual(groups) {
  return lines(
    `.\\" Made by scripts/man.js; changes here are lost.`,
    `.TH ODOP 1 "" "odop ${version()}" "User Commands"`,
    '.SH NAME',
    'odop \\- run data operations on the cores that an application leaves idle',
    '.SH SYNOPSIS',
    '.B odop run',
    '[\\fIoptions\\fR] \\fB\\-\\-\\fR \\fICOMMAND\\fR...',
    '.br',
    '.B odop',
    '\\fICOMMAND\\fR [\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    ...paragraphs(DESCRIPTION),
    '.SH COMMANDS',
    ...groups.flatMap(({ title, pages }) => [`.SS ${troff(title)}`, ...pages.flatMap(commandLines)]),
    '.SH EXIT STATUS',
    ...listed(EXIT_STATUS),
    '.SH ENVIRONMENT',
    ...listed(ENVIRONMENT),
    '.SH FILES',
    ...listed(FILES),
    '.SH EXAMPLES',
    ...groups.flatMap(({ pages }) => pages.flatMap(exampleLines)),
  )
}

function commandLines(page) {
  return [
    '.TP',
    `.B ${troff(page.usage)}`,
    troff(sentence(page.describe)),
    ...(page.options.length > 0 ? ['.RS', ...page.options.flatMap(optionLines), '.RE'] : []),
  ]
}

function optionLines(option) {
  return ['.TP', `.B ${troff(optionText(option))}`, troff(option.describe)]
}

function exampleLines({ example }) {
  return example === null ? [] : ['.TP', `.B ${troff(example.line)}`, troff(sentence(example.does))]
}

function listed(entries) {
  return Object.entries(entries).flatMap(([name, text]) => ['.TP', `.B ${troff(name)}`, troff(text)])
}

function paragraphs(texts) {
  return texts.flatMap((text, index) => (index === 0 ? [troff(text)] : ['.PP', troff(text)]))
}

/** Text that troff shows as it is: dashes can be copied, and no line is taken for a request. */
function troff(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('’', '\\(cq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replace(/^(?=[.'])/, '\\&')
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('…') ? '' : '.'}`
}

function lines(...all) {
  return `${all.join('\n')}\n`
}

function readIfThere() {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

const DESCRIPTION = [
  'odop runs an application unchanged, finds the cores that it leaves idle, and runs the tasks of the folder ./tasks there: they reduce, render, check or archive what the application has just written. When the application wants its cores back, it has them at once. At the end odop says on standard error what was used.',
  'Everything after -- is the application’s, to the letter. Its input, output, signals and exit code stay as they are without odop.',
  'Durations are 90s, 10m, 2h, 1h30m or HH:MM:SS; sizes are 500M, 2G (powers of 1024). Flags beat variables, which beat the configuration file, which beats the defaults.',
]

const EXIT_STATUS = {
  'of odop run and odop monitor':
    'That of the application; 128+n if signal n ended it, 127 if the command was not found, 126 if it could not be executed.',
  0: 'The command did what was asked.',
  1: 'It could not, or there is something to tell: no such run, tasks with problems, work that is left.',
  2: 'The words after odop are wrong; nothing was launched.',
}

const ENVIRONMENT = {
  ODOP_PATH: 'The folder of all runs (~/.odop).',
  ODOP_CONFIG: 'The configuration file.',
  'ODOP_*': 'Each option of odop run, and each key of the configuration: ODOP_MAX_CPUS for --max-cpus.',
  NO_COLOR: 'When set, texts have no colours.',
}

const FILES = {
  './tasks': 'The task modules.',
  'odop.config.ts': 'The configuration, here or in a folder above; also odop.config.js and other names.',
  '~/.odop/runs/RUN': 'The journal of a run, the logs of its attempts, and its summary.',
}

main()

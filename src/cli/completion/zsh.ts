import type { CommandPage, OptionPage, WordPage } from '../help/command-pages.ts'
import type { Proposals } from '../help/help-data.ts'

/** Works as a file `_odop` of `$fpath`, and through `source <(odop completion zsh)` after `compinit`. */
export function zshScript(pages: readonly CommandPage[]): string {
  return `#compdef odop
# odop's completion for zsh, made by: odop completion zsh
_odop() {
  local curcontext=$curcontext context state state_descr line
  typeset -A opt_args
  local -i dashes=\${words[(ie)--]}
  # After -- stands the application, completed as if odop were not there.
  if (( dashes < CURRENT )); then
    words=("\${(@)words[dashes + 1, -1]}")
    (( CURRENT -= dashes ))
    _normal
    return
  fi
  if (( CURRENT == 2 )); then
    local -a commands=(
${pages.map(({ name, describe }) => `      ${quoted(`${name}:${describe}`)}\n`).join('')}    )
    _describe command commands
    return
  fi
  local -a given=("\${(@)words[3, CURRENT - 1]}")
  words=("\${(@)words[2, -1]}")
  (( CURRENT -= 1 ))
  case $words[1] in
${pages.map(commandCase).join('')}  esac
}

_odop_runs() { _odop_asked runs "$@" }
_odop_tasks() { _odop_asked tasks "$@" }
_odop_changes() { _odop_asked changes "$@"; _files }

_odop_asked() {
  local what=$1
  shift
  local -a names=(\${(f)"$(command odop complete $what \${given:#-*} 2>/dev/null)"})
  compadd "$@" -a names
}

if [[ $funcstack[1] == _odop ]]; then
  _odop "$@"
else
  compdef _odop odop
fi
`
}

function commandCase({ name, options, words }: CommandPage): string {
  const specs = [...options.map(optionSpec), quoted('--help[what the command does]'), ...words.map(wordSpec)]
  return `  ${name})\n    _arguments \\\n${specs.map(spec => `      ${spec}`).join(' \\\n')}\n    ;;\n`
}

function optionSpec({ name, describe, value, many }: OptionPage): string {
  const text = `[${escaped(describe)}]`
  if (value === null) return quoted(`--${name}${text}`)
  const argument = `:${escaped(value.placeholder)}:${action(value.proposals)}`
  if (value.optional) return quoted(`--${name}=-${text}:${argument}`)
  return quoted(`${many ? '*' : ''}--${name}=${text}${argument}`)
}

function wordSpec({ placeholder, proposals, many }: WordPage): string {
  return quoted(`${many ? '*' : ''}:${escaped(placeholder)}:${action(proposals)}`)
}

function action(proposals: Proposals): string {
  if (typeof proposals !== 'string') return `(${proposals.join(' ')})`
  const actions = {
    files: '_files',
    folders: '_files -/',
    runs: '_odop_runs',
    tasks: '_odop_tasks',
    changes: '_odop_changes',
    nothing: ' ',
  }
  return actions[proposals]
}

/** Brackets and colons end the parts of a specification. */
function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

import type { CommandPage } from '../help/command-pages.ts'
import type { Proposals } from '../help/help-data.ts'
import { optionsWith, takesValue } from './options-with.ts'

/**
 * Everything but the names of runs and tasks is in the script, so that a Tab starts no program. It works from Bash 3.2 on
 * (macOS), with bash-completion and without.
 */
export function bashScript(pages: readonly CommandPage[]): string {
  return `# odop's completion for bash, made by: odop completion bash
_odop() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} option='' attached='' names='' word
  local -i i count=0
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} == -- ]]; then
      _odop_application "$i"
      return
    fi
  done
  if ((COMP_CWORD == 1)); then
    _odop_words '${pages.map(({ name }) => name).join(' ')} --help --version'
    return
  fi

  # What stands before the cursor: the option whose value is due, and how many words are no options.
  for ((i = 2; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
    =) attached=yes ;;
    -*) option=$word attached='' ;;
    *)
      if [[ -n $attached ]] || _odop_takes_value "$option"; then
        _odop_takes_many "$option" || option=''
      else
        option='' names+=" $word" count+=1
      fi
      attached=''
      ;;
    esac
  done
  # Bash takes = for a word of its own.
  if [[ $cur == = ]]; then cur='' attached=yes; fi

  if [[ -n $attached ]] || { [[ $cur != -* ]] && _odop_takes_value "$option"; }; then
    _odop_value "$option"
  elif [[ $cur == -* ]]; then
    _odop_options
  else
    case $command:$count in
${wordCases(pages)}    *) _odop_options ;;
    esac
  fi
}

_odop_takes_value() {
  case $1 in
  ${pattern(optionsWith(pages, takesValue))}) return 0 ;;
  *) return 1 ;;
  esac
}

_odop_takes_many() {
  case $1 in
  ${pattern(optionsWith(pages, ({ many }) => many))}) return 0 ;;
  *) return 1 ;;
  esac
}

_odop_value() {
  case $1 in
${valueCases(pages)}  esac
}

_odop_options() {
  case $command in
${optionCases(pages)}  esac
}

# After -- stands the application, completed as if odop were not there. $1: the place of the --
_odop_application() {
  local offset
  for offset in _comp_command_offset _command_offset; do
    if declare -F "$offset" >/dev/null; then
      "$offset" "$(($1 + 1))"
      return
    fi
  done
  if ((COMP_CWORD == $1 + 1)); then _odop_compgen -c; else _odop_compgen -f; fi
  _odop_are_files
}

_odop_words() { _odop_compgen -W "$1"; }
_odop_files() { _odop_compgen -f; _odop_are_files; }
_odop_folders() { _odop_compgen -d; _odop_are_files; }
_odop_runs() { _odop_asked runs; }
_odop_tasks() { _odop_asked tasks; }
_odop_changes() { _odop_asked changes; _odop_files; }

# $names are words of the command line, and none of them holds a space.
_odop_asked() { _odop_words "$("\${COMP_WORDS[0]/#\\~/$HOME}" complete "$1" $names 2>/dev/null)"; }

_odop_compgen() {
  local line
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$@" -- "$cur")
}

# Readline quotes their names and puts a slash behind folders.
_odop_are_files() { compopt -o filenames 2>/dev/null; }

complete -F _odop odop
`
}

/** The places of words that are no options: `status:0`, and `tasks:*` where more may follow. */
function wordCases(pages: readonly CommandPage[]): string {
  const cases = pages.flatMap(({ name, words }) =>
    words.flatMap(({ proposals, many }, index) => [
      `    ${name}:${many ? '*' : index}) ${action(proposals)} ;;\n`,
    ]),
  )
  return cases.join('')
}

function valueCases(pages: readonly CommandPage[]): string {
  const byAction = new Map<string, string[]>()
  for (const { name, value } of pages.flatMap(({ options }) => options)) {
    if (value === null) continue
    const names = byAction.get(action(value.proposals)) ?? []
    if (!names.includes(`--${name}`)) byAction.set(action(value.proposals), [...names, `--${name}`])
  }
  return [...byAction].map(([act, names]) => `  ${names.join(' | ')}) ${act} ;;\n`).join('')
}

function optionCases(pages: readonly CommandPage[]): string {
  return pages
    .map(({ name, options, hasApplication }) => {
      const words = [
        ...options.map(option => `--${option.name}`),
        '--help',
        ...(hasApplication ? ['--'] : []),
      ]
      return `  ${name}) _odop_words '${words.join(' ')}' ;;\n`
    })
    .join('')
}

function action(proposals: Proposals): string {
  if (proposals === 'nothing') return ':'
  return typeof proposals === 'string' ? `_odop_${proposals}` : `_odop_words '${proposals.join(' ')}'`
}

function pattern(options: readonly string[]): string {
  return options.length === 0 ? "''" : options.join(' | ')
}

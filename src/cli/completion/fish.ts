import type { CommandPage, OptionPage, WordPage } from '../help/command-pages.ts'
import type { Proposals } from '../help/help-data.ts'
import { optionsWith, takesValue } from './options-with.ts'

export function fishScript(pages: readonly CommandPage[]): string {
  return `# odop's completion for fish, made by: odop completion fish
function __odop_words
    set -l words (commandline -opc)
    set -e words[1]
    string join -- \\n $words
end

# There is no command yet.
function __odop_first
    test (count (__odop_words)) -eq 0
end

# The cursor is at a word of this command, and not behind --
function __odop_is
    set -l words (__odop_words)
    not contains -- -- $words; and test "$words[1]" = "$argv[1]"
end

# So many words of the command that are no options stand before the cursor.
function __odop_count
    set -l words (__odop_words)
    set -l count 0
    set -l skip no
    for word in $words[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case ${optionsWith(pages, takesValue).join(' ')}
                set skip yes
            case '-*'
            case '*'
                set count (math $count + 1)
        end
    end
    echo $count
end

function __odop_after_dashes
    contains -- -- (__odop_words)
end

# After -- stands the application, completed as if odop were not there.
function __odop_application
    set -l words (__odop_words)
    set -l at (contains -i -- -- $words)
    set -e words[1..$at]
    complete -C (string join -- ' ' (string escape -- $words) (commandline -ct))
end

# $argv[1] are runs, tasks or changes; what is asked for depends on the words before.
function __odop_asked
    set -l words (__odop_words)
    command odop complete $argv[1] (string match -v -- '-*' $words[2..-1]) 2>/dev/null
end

complete -c odop -f
complete -c odop -n __odop_after_dashes -a '(__odop_application)'
complete -c odop -n __odop_first -l help -s h -d 'what odop can do'
complete -c odop -n __odop_first -l version -d 'its version'
${pages.flatMap(commandLines).join('\n')}
`
}

function commandLines({ name, describe, options, words }: CommandPage): readonly string[] {
  return [
    `complete -c odop -n __odop_first -a ${name} -d ${quoted(describe)}`,
    ...options.map(option => optionLine(name, option)),
    `complete -c odop -n ${quoted(`__odop_is ${name}`)} -l help -d 'what the command does'`,
    ...words.map((word, index) => wordLine(name, word, index)),
  ]
}

function optionLine(command: string, { name, describe, value }: OptionPage): string {
  const condition = quoted(`__odop_is ${command}`)
  const needs = value === null || value.optional ? '' : ` ${required(value.proposals)}`
  return `complete -c odop -n ${condition} -l ${name}${needs} -d ${quoted(describe)}`
}

/** `-r` also completes files, `-x` only what is given. */
function required(proposals: Proposals): string {
  return proposals === 'files' ? '-r -F' : `-x ${argument(proposals)}`.trimEnd()
}

function wordLine(command: string, { proposals, many }: WordPage, index: number): string {
  const condition = quoted(`__odop_is ${command}; and test (__odop_count) -${many ? 'ge' : 'eq'} ${index}`)
  return `complete -c odop -n ${condition} ${proposals === 'files' ? '-F' : argument(proposals)}`.trimEnd()
}

function argument(proposals: Proposals): string {
  if (typeof proposals !== 'string') return `-a ${quoted(proposals.join(' '))}`
  const lists = {
    files: '',
    folders: "-a '(__fish_complete_directories)'",
    runs: "-a '(__odop_asked runs)'",
    tasks: "-a '(__odop_asked tasks)'",
    changes: "-F -a '(__odop_asked changes)'",
    nothing: '',
  }
  return lists[proposals]
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

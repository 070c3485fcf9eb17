/**
 * What a shell has to be told once: it asks `watertight complete -- words…` at each TAB. An answer is a line for each candidate, its description behind a
 * tab; the line :files or :folders asks the shell for paths.
 */

/** Shells with completion. */
export const shells = ["bash", "zsh", "fish"] as const;
/** One of them. */
export type Shell = (typeof shells)[number];

// Bash cuts words at colons and equal signs, and puts the answer in place of the last piece: the words are taken from the line.
const bash = `# bash completion for watertight; put this into ~/.bashrc:
#   source <(watertight completion bash)
_watertight() {
  local line="\${COMP_LINE:0:COMP_POINT}" current="" value rest paths="" before
  local -a words
  read -ra words <<< "$line"
  if [[ "$line" == *[[:space:]] ]]; then words+=(""); fi
  current="\${words[\${#words[@]}-1]}"
  before="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r value rest; do
    case "$value" in
      :files | :folders) paths="$value" ;;
      ?*) COMPREPLY+=("\${value#"$before"}") ;;
    esac
  done < <(watertight complete -- "\${words[@]:1}" 2> /dev/null)
  if [[ -n "$paths" ]]; then
    compopt -o filenames 2> /dev/null
    local kind=-f
    if [[ "$paths" == :folders ]]; then kind=-d; fi
    while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen "$kind" -- "\${current#"$before"}")
  fi
}
complete -F _watertight watertight
`;

const zsh = `#compdef watertight
# zsh completion for watertight; put this into ~/.zshrc, behind compinit:
#   source <(watertight completion zsh)
_watertight() {
  local line paths=""
  local -a found
  for line in "\${(@f)$(watertight complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
    case "$line" in
      :files | :folders) paths="$line" ;;
      ?*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( \${#found} )) && _describe watertight found
  [[ "$paths" == :files ]] && _files
  [[ "$paths" == :folders ]] && _files -/
  return 0
}
compdef _watertight watertight
`;

const fish = `# fish completion for watertight; put this into ~/.config/fish/completions/watertight.fish
function __watertight_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (watertight complete -- $words[2..-1] 2> /dev/null)
    switch $line
      case :files
        __fish_complete_path (commandline -ct)
      case :folders
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c watertight -f -a '(__watertight_complete)'
`;

/** The script of a shell. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

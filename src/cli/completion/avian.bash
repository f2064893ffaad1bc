# bash completion for avian. In ~/.bashrc:  eval "$(avian completion bash)"
_avian() {
  # Bash splits words at "=", though an override is one word: they are joined again.
  local -a words=()
  local i n=-1 word glued=''
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((n > 0)) && [[ $word == =* || -n $glued ]]; then
      words[n]+=$word
    else
      words[++n]=$word
    fi
    glued=''
    [[ $word == *= ]] && glued=yes
  done
  # What stands before the last "=" is a word of its own to readline, and stays as it is.
  local current=${words[n]} before='' line
  if [[ $current == *=* && $COMP_WORDBREAKS == *=* ]]; then before="${current%"${current##*=}"}"; fi
  COMPREPLY=()
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    COMPREPLY+=("${line#"$before"}")
  done < <("${words[0]}" completion --words -- "${words[@]:1}" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -o default -F _avian avian

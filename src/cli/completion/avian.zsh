#compdef avian
# zsh completion for avian. In ~/.zshrc, after compinit:  eval "$(avian completion zsh)"
_avian() {
  local line word about
  local -a described open
  for line in "${(@f)$("${(Q)words[1]}" completion --words -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    word=${line%%$'\t'*}
    about=${line#*$'\t'}
    if [[ $word == *= ]]; then
      open+=("$word")
    else
      described+=("${word//:/\\:}:$about")
    fi
  done
  if (( $#described + $#open == 0 )); then
    _files
    return
  fi
  (( $#described )) && _describe -t words 'avian' described
  # More is to come behind "=": no space.
  (( $#open )) && compadd -S '' -- "${open[@]}"
  return 0
}
if [[ $funcstack[1] == _avian ]]; then
  _avian "$@"
else
  compdef _avian avian
fi

# fish completion for avian. In ~/.config/fish/completions/avian.fish:  avian completion fish | source
function __avian_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] completion --words -- $words[2..-1] "$current" 2>/dev/null)
    if test (count $answer) -eq 0
        __fish_complete_path "$current"
    else
        printf '%s\n' $answer
    end
end
complete -c avian -f -a '(__avian_complete)'

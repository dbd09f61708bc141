"""The programs that run another one: `sudo git push` is a push, and so is it in a container.

`commands`: those that run something, where the program has others too. `values`, `flags` and
`folder` are as in the table of programs. `skip`: words before the command, as a timeout or the
name of a container. `line`: options whose value is a line of shell. `assigns`: `NAME=value` may
stand before the command. `reads_more`: further arguments come from standard input.
`is_elsewhere`: the files that are changed are others than those here. `is_line`: what is run is a
line of shell, in one word or several. `dashed`: it stands behind a `--` where there is one.
`skipped_by`: the options that name what `skip` would pass. `shell`: with one of these options it
runs a shell, of which the words are a line, else its input; `always`: whenever it has no words.
`program`: the option that names what is run with the words behind as its arguments.
"""

from __future__ import annotations


class Runner:
    __slots__ = (
        "assigns",
        "commands",
        "dashed",
        "flags",
        "folder",
        "is_elsewhere",
        "is_line",
        "line",
        "names",
        "program",
        "reads_more",
        "shell",
        "skip",
        "skipped_by",
        "values",
    )

    def __init__(
        self,
        names: str,
        commands: str = "",
        *,
        values: str = "",
        flags: str = "",
        folder: str = "",
        line: str = "",
        skip: int = 0,
        assigns: bool = False,
        reads_more: bool = False,
        is_elsewhere: bool = False,
        is_line: bool = False,
        dashed: bool = False,
        skipped_by: str = "",
        program: str = "",
        shell: str = "",
    ) -> None:
        self.names = names.split()
        self.commands = [tuple(command.split()) for command in commands.split(",")]
        self.values = frozenset(f"{values} {folder} {line}".split())
        self.flags = frozenset(flags.split())
        self.folder = frozenset(folder.split())
        self.line = frozenset(line.split())
        self.skip = skip
        self.assigns = assigns
        self.reads_more = reads_more
        self.is_elsewhere = is_elsewhere
        self.is_line = is_line
        self.dashed = dashed
        self.skipped_by = frozenset(skipped_by.split())
        self.program = program
        self.shell = frozenset(shell.split())


_CONTAINER = (
    "-e --env --env-file -u --user -w --workdir --name --network --net -v --volume --mount -p"
    " --publish --entrypoint --platform --label -l -h --hostname --index -f --file --project-name"
    " --profile --project-directory --progress --ansi --detach-keys --add-host --cpus -m --memory"
    " --gpus --ipc --pid --pull --restart --user-ns --cap-add --device --dns --link --log-driver"
    " --shm-size --tmpfs --ulimit --volumes-from --runtime --security-opt --context -c -H --host"
    " --log-level"
)

RUNNERS = (
    Runner(
        "sudo doas gsudo",
        values="-u --user -g --group -h --host -p --prompt -C -r --role -t --type -T -U -R --chroot"
        " -a -c",
        folder="-D --chdir",
        flags="-n -E -S -H -i -s -k -b -A -P -K --shell --login",
        assigns=True,
        shell="-s --shell -i --login",
    ),
    Runner(
        "env",
        values="-u --unset",
        folder="-C --chdir",
        line="-S --split-string",
        flags="- -i --ignore-environment -0 -v",
        assigns=True,
    ),
    Runner(
        "su runuser",
        values="-s --shell -g --group -G -u --user -w",
        line="-c --command",
        skip=1,
        skipped_by="-u --user",
        flags="- -l --login -m -p",
        shell="always",
    ),
    Runner(
        "timeout gtimeout",
        values="-k --kill-after -s --signal",
        skip=1,
        flags="--foreground --preserve-status -v --verbose",
    ),
    Runner(
        "nice ionice chrt", values="-n --adjustment -c --class --classdata -p -P -u", flags="-t"
    ),
    Runner("setsid", flags="-c -f -w --ctty --fork --wait"),
    Runner(
        "nohup command builtin coproc noglob nocorrect chronic unbuffer winpty call"
        " busybox toybox torsocks torify proxychains proxychains4 dbus-run-session eatmydata"
        " catchsegv fakeroot linux32 linux64 dumb-init tini catatonit rlwrap valgrind"
        " pkexec with-contenv firejail setpriv arch numactl xvfb-run dbus-launch ssh-agent",
        values="-f --reuid --regid --groups --tool --log-file --server-args -n -e -t",
        flags="-c -p -v -w -q -r -a -s --wait --pty -x86_64 -arm64 --fork -k",
    ),
    Runner(
        "unshare", values="-w --wd -R --root -S --setuid -G --setgid", flags="-n -r -m -p -f -U"
    ),
    Runner("repeat", skip=1),  # zsh's
    Runner("exec", values="-a", flags="-c -l"),
    Runner("time", values="-f --format -o --output", flags="-p -v -a -q --verbose --append"),
    Runner("stdbuf", values="-i -o -e --input --output --error"),
    Runner("caffeinate", values="-t -w", flags="-d -i -m -s -u"),
    Runner(
        "systemd-run systemd-inhibit",
        values="-u --unit -p --property --slice -M --machine -H --host --uid --gid --nice -E"
        " --setenv --description --on-active --on-calendar --who --why --what --mode",
        folder="--working-directory",
        flags="--user --scope -q --quiet -t --pty -P --pipe -G --collect -d --same-dir --wait",
    ),
    Runner("sem", values="-j --jobs --id --timeout", flags="--fg --wait"),
    Runner("prlimit cgexec", values="-g"),
    Runner("entr", line="-s", flags="-r -c -d -n -p -z -a"),
    Runner("perf", "stat, record, trace", values="-e -o -F -I -r", flags="-a -d -g -v"),
    Runner("strace ltrace", values="-e -o -p -s -u -E -P -a -n -l", flags="-f -ff -c -tt -T -y -S"),
    Runner("taskset faketime gosu su-exec setuidgid s6-setuidgid envdir cpulimit", skip=1),
    Runner("chpst", values="-u -U -e -n -l -L -m -d -o -p -f -c -/ -b", flags="-v -P -0 -1 -2"),
    Runner("chroot", skip=1, values="--userspec --groups"),
    Runner("nsenter", values="-t --target -S -G --setuid --setgid"),
    Runner(
        "flock",
        values="-w --wait --timeout -E --conflict-exit-code",
        line="-c --command",
        skip=1,
        flags="-n -x -s -u -o -e -F --nonblock --exclusive --shared --nb --close",
    ),
    Runner("watch", values="-n --interval", flags="-d -t -b -e -g -c -x", is_line=True),
    Runner("hyperfine", values="-w -r -m -M -p -n -N --runs --warmup --prepare", is_line=True),
    Runner(
        "tmux",
        "new-session, new, new-window, neww, split-window, splitw, respawn-pane, respawn-window,"
        " run-shell, run, send-keys, send, popup, display-popup",
        values="-s -n -t -x -y -F -e -L -f -S -N -w",
        folder="-c",
        flags="-d -A -D -P -k -b -l -v",
        is_line=True,
    ),
    Runner("screen", values="-S -c -e -h -p -s -T -t -L", flags="-d -m -D -R -dm -A -a -U"),
    Runner("logsave", skip=1, flags="-a -s -v"),
    Runner("setarch", flags="x86_64 i686 i386 linux32 linux64 aarch64 uname26 -R -v -3 -B -F -L"),
    Runner(
        "parallel",
        values="-j --jobs -a --arg-file -I --colsep -n -N --timeout --retries",
        reads_more=True,
    ),
    Runner(
        "xargs",
        values="-I -n -P -L -d -a -E -s --max-args --max-procs --delimiter --arg-file --max-lines",
        flags="--replace -0 -i -r -t -p -x --null --no-run-if-empty",
        reads_more=True,
    ),
    Runner("cross-env", assigns=True),
    Runner("cross-env-shell", assigns=True, is_line=True),
    Runner("env-cmd", values="-f --file -e --environments -r", flags="--silent --use-shell -x"),
    Runner("dotenv dotenvx", "run, ", values="-f -e -c --file --env --env-file", flags="-o --"),
    Runner("direnv", "exec", skip=1),
    Runner("sops", "exec-env, exec-file", skip=1, is_line=True),
    Runner(
        "doppler op infisical envchain vault teller",
        "run, exec",
        values="-f --file -p --project -c --config --env --env-file -e --path --duration --token",
        line="--command",
        flags="--preserve-env --",
    ),
    Runner("mise rtx", "exec, x", values="-c --command -C --cd -j --jobs", flags="-q -y"),
    Runner("asdf fnm volta nvm", "exec, run, x", values="--using --node -c", flags="-q"),
    Runner("pyenv rbenv nodenv", "exec"),
    Runner("nix", "develop, shell, run", flags="-c --command --impure"),
    Runner(
        "nix-shell devbox devenv flox",
        "run, shell, ",
        values="-p --packages -I -A --attr",
        line="--run --command",
    ),
    Runner("aws-vault aws-okta chamber", "exec", values="-d --duration", skip=1, dashed=True),
    Runner("sshpass", values="-p -f -d -P"),
    Runner(
        "conda mamba micromamba",
        "run",
        values="-n --name -p --prefix",
        folder="--cwd",
        flags="--no-capture-output --live-stream -v",
    ),
    Runner(
        "uv",
        "run",
        values="--with --with-requirements --extra --group --only-group --python -p"
        " --env-file --package --project --index --index-url --config-file",
        folder="--directory",
        flags="--no-sync --frozen --locked --isolated --all-extras --dev"
        " --no-dev --active --no-project --quiet -q --offline",
    ),
    Runner("uvx", values="--with --from --python -p --index --index-url --env-file"),
    Runner("uv", "tool run", values="--with --from --python -p"),
    Runner(
        "poetry pipenv pdm rye pixi hatch",
        "run",
        values="-e --environment -p --project --env",
        folder="-C --directory",
        flags="-q -v -n",
    ),
    Runner("pipx", "run", values="--spec --python --pip-args --index-url", flags="--no-cache"),
    Runner(
        "npx",
        values="-p --package -w --workspace",
        line="-c --call",
        flags="-y --yes --no --no-install -q --quiet --prefer-online",
    ),
    Runner(
        "npm pnpm yarn",
        "exec, x, dlx",
        values="--package -p -w --workspace --filter -F",
        line="-c --call",
        folder="--prefix -C --dir --cwd",
        flags="-y --yes -r --recursive --silent -s -ws",
    ),
    Runner("bunx", values="-p --package", flags="--bun"),
    Runner("bun", "x", values="-p --package", flags="--bun", folder="--cwd"),
    Runner("bundle bundler", "exec"),
    Runner("composer", "exec", flags="-q"),
    Runner("dotnet", "tool run, dnx"),
    Runner(
        "deno",
        "run",
        values="-c --config --import-map --lock",
        flags="-A -R -W -N -E -q --allow-all --allow-net --allow-read --allow-write --allow-env"
        " --allow-run --no-check",
    ),
    Runner(
        "docker podman nerdctl docker-compose podman-compose lxc",
        "compose exec|run, container exec|run, exec, run",
        values=_CONTAINER,
        skip=1,
        is_elsewhere=True,
        program="--entrypoint",
        flags="-i -t -it -ti -d --rm --interactive --tty --detach -T --no-TTY --privileged"
        " --no-deps --init --quiet-pull --build -P --service-ports --use-aliases --read-only",
    ),
    Runner(
        "kubectl oc",
        "exec, rsh",
        values="-n --namespace -c --container -f --filename --context"
        " --kubeconfig --cluster --user --pod-running-timeout",
        skip=1,
        is_elsewhere=True,
        dashed=True,
        flags="-i -t -it -ti --stdin --tty -q --quiet",
    ),
    Runner(
        "kamal mrsk",
        "app exec",
        values="--version -d -h --hosts -r --roles -c -e --env",
        flags="-i --interactive --reuse -p --primary -q -v",
        is_elsewhere=True,
        is_line=True,
    ),
    Runner(
        "heroku fly flyctl railway dokku",
        "run, ssh console, run:detached",
        values="-a --app -s --size -r --remote -e --env --service",
        line="-C --command",
        flags="--no-tty -x --exit-code",
        is_elsewhere=True,
        is_line=True,
    ),
    Runner(
        "gh",
        "codespace ssh, cs ssh",
        values="-c --codespace -R --repo --profile --server-port",
        is_elsewhere=True,
        is_line=True,
        dashed=True,
    ),
    Runner("vagrant", "ssh", line="-c --command", is_elsewhere=True),
    Runner(
        "wsl",
        values="-d --distribution -u --user --shell-type",
        folder="--cd",
        flags="-e --exec ~ --system",
    ),
)

SHELLS = frozenset(
    "sh bash zsh dash ksh ash fish mksh busybox-sh rbash csh tcsh nu elvish xonsh".split()
)
SHELL_VALUES = frozenset("-o +o -O +O --rcfile --init-file".split())
POWERSHELLS = frozenset("powershell pwsh".split())
WINDOWS_RUNNERS = frozenset(
    "start start-process saps runas invoke-command icm enter-pssession etsn new-pssession"
    " nsn".split()
)

INTERPRETERS = {
    "python": ("-c", "-W -X --check-hash-based-pycs"),
    "node": ("-e --eval -p --print", "-r --require --import --loader --env-file -C"),
    "deno": ("eval", "-c --config"),
    "bun": ("-e --eval -p --print", "-r --preload --cwd"),
    "ruby": ("-e", "-r -I -C"),
    "perl": ("-e -E", "-I -M -m"),
    "php": ("-r", "-d -c -f"),
    "tsx": ("-e --eval", "--tsconfig"),
    "ts-node": ("-e --eval", "-P -r"),
    "osascript": ("-e", "-l"),
    "lua": ("-e", "-l"),
    "luajit": ("-e", "-l"),
    **dict.fromkeys(("Rscript", "rscript"), ("-e", "")),  # Windows does not tell them apart
    "R": ("-e", "-f"),
    "julia": ("-e -E --eval --print", "-L -t -p --project"),
    "elixir": ("-e --eval", "-r -pa"),
    "guile": ("-c", "-l -e -s"),
    "groovy": ("-e", "-cp"),
    "scala": ("-e", "-cp"),
    "bb": ("-e --eval", ""),
    "clojure": ("-e --eval", "-i"),
    "clj": ("-e --eval", "-i"),
    "racket": ("-e --eval", "-l"),
    "raku": ("-e", "-I -M"),
    "coffee": ("-e --eval", "-r"),
    "crystal": ("eval", ""),
    "swift": ("-e", ""),
    "sbcl": ("--eval", "--load"),
    "ipython": ("-c", "--profile"),
    "micropython": ("-c", "-X"),
    "emacs": ("--eval --execute", "-l --load -f --funcall -Q -u"),
    "expect": ("-c", "-f"),
    "tclsh": ("", "-encoding"),
}
"""What runs scripts: the options whose value is the script, and others that take a value."""

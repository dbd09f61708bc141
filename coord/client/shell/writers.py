"""The programs that change files which stand in their arguments.

`needs`: it changes them only with one of these options. `harmless`: with one of these it does not.
`targets`: which words are files: `all`, the `first`, the `last`, those `behind` the first `skip`
(a script), the last two and more of a `move`, or none (``). `options`: those whose value is a file
that it writes. `here`: without files it changes all of the folder. `files`: that it changes
wherever it is run, where they exist. `moves`: with one of these options the sources of a copy are
changed, too; `whole_paths`: with one of these they keep their folders. `glued`: options whose value
stands in their own word or nowhere. `whole`: all of the folder is all of the checkout.
"""

from __future__ import annotations

ALL, FIRST, LAST, MOVED, BEHIND, NONE = "all", "first", "last", "move", "behind", ""


class Writer:
    __slots__ = (
        "commands",
        "files",
        "glued",
        "harmless",
        "here",
        "moves",
        "names",
        "needs",
        "options",
        "script",
        "skip",
        "targets",
        "values",
        "whole",
        "whole_paths",
    )

    def __init__(
        self,
        names: str,
        targets: str,
        *,
        commands: str = "",
        needs: str = "",
        harmless: str = "",
        values: str = "",
        options: str = "",
        script: str = "",
        skip: int = 1,
        here: bool = False,
        files: str = "",
        moves: str = "",
        whole_paths: str = "",
        glued: str = "",
        whole: bool = False,
    ) -> None:
        self.names = names.split()
        self.targets = targets
        self.commands = [tuple(each.split()) for each in commands.split(",")]
        self.needs = tuple(needs.split())
        self.harmless = frozenset(harmless.split())
        self.values = frozenset(f"{values} {options} {script}".split())
        self.options = frozenset(options.split())
        self.script = frozenset(script.split())  # options that hold the script instead
        self.skip = skip
        self.here = here
        self.whole = whole
        self.files = files.split()
        self.moves = frozenset(moves.split())
        self.whole_paths = frozenset(whole_paths.split())
        self.glued = frozenset(glued.split())


WRITERS = (
    Writer("rm unlink sponge rmdir trash trash-put srm wipe", ALL, harmless="--help --version"),
    Writer("link codesign", LAST, values="-s --sign"),
    Writer("truncate shred", ALL, values="-s --size -r --reference -n --iterations"),
    Writer("gio", ALL, commands="trash, remove"),
    Writer("tee", ALL, values="--output-error"),
    Writer("mv", MOVED, values="-t --target-directory -S --suffix"),
    Writer("rename prename", BEHIND, harmless="-n --nono --no-act"),
    Writer("scp", LAST, values="-P -i -o -F -J -l -S -c -D"),
    Writer("docker podman nerdctl", LAST, commands="cp, container cp"),
    Writer(
        "kubectl oc", LAST, commands="cp, * cp", values="-n --namespace -c --container --context"
    ),
    Writer("aws gsutil", LAST, commands="s3 cp, s3 sync, s3 mv, cp, rsync", values="--profile"),
    Writer(
        "cp ditto",
        LAST,
        values="-t --target-directory -S --suffix",
        whole_paths="--parents",
    ),
    Writer("ln", LAST, values="-t --target-directory -S --suffix"),
    Writer(
        "install",
        LAST,
        values="-t --target-directory -S --suffix -m --mode -o --owner -g --group",
        harmless="-d --directory",
    ),
    Writer(
        "rsync",
        LAST,
        values="-e --rsh --exclude --include --filter -f --chmod --bwlimit"
        " --rsync-path --exclude-from --files-from --timeout --port -T --link-dest --suffix",
        options="--log-file --write-batch --backup-dir",
        harmless="-n --dry-run --list-only",
        moves="--remove-source-files",
        whole_paths="-R --relative",
    ),
    Writer(
        "sed gsed",
        BEHIND,
        needs="-i* --in-place*",
        script="-e --expression -f --file",
        values="-l --line-length",
        glued="-i",
    ),
    Writer("perl ruby", BEHIND, needs="-i", script="-e -E", values="-I -M", glued="-i"),
    Writer("awk gawk", BEHIND, needs="inplace", script="-f --file", values="-i --include -F -v"),
    Writer("ed", ALL, values="-p"),
    Writer(
        "vim vi nvim ex nano pico micro emacs kak hx joe",
        ALL,
        values="-c --cmd -S -u -i -T --eval --load -l -f --funcall",
        harmless="-R --version -h --help",
    ),
    Writer("setfacl setfattr", BEHIND, skip=0, values="-m -x -M -X -n -v --modify --remove"),
    Writer("uniq", BEHIND, values="-f -s -w --skip-fields --skip-chars --check-chars"),
    Writer("xxd", BEHIND, values="-l -c -g -o -n -s"),
    Writer("cpio", NONE, needs="-i* --extract", here=True),
    Writer("cpio", ALL, needs="-p* --pass-through"),
    Writer("convert magick cwebp sox pdftotext pdftoppm wkhtmltopdf wkhtmltoimage", LAST),
    Writer("qpdf sass lessc", LAST),
    Writer(
        "mogrify optipng oxipng jpegoptim pngquant advpng gifsicle svgo strip",
        ALL,
        values="-resize -quality -format -path -crop -rotate -density -geometry -o -d -m -i -f",
        harmless="-simulate -n --noaction",
    ),
    Writer("exiftool", ALL, needs="-*=*", values="-o"),
    Writer("fallocate mkfs mkfs.ext4 mkfs.vfat mkswap wipefs", ALL, values="-l -o -L -t -n -U -O"),
    Writer("qemu-img", LAST, commands="convert, dd", values="-f -O -o -S"),
    Writer("qemu-img", FIRST, commands="create, resize, commit, rebase", values="-f -o -b -F"),
    Writer("rclone", LAST, commands="copy, copyto, sync, move, moveto", harmless="-n --dry-run"),
    Writer("gcloud", LAST, commands="storage cp, storage rsync, storage mv"),
    Writer("mc s3cmd s5cmd", LAST, commands="cp, mirror, mv, get, sync", harmless="-n --dry-run"),
    Writer("az", NONE, commands="storage *", options="-f --file -d --destination"),
    Writer("tcpdump tshark dumpcap", NONE, options="-w", values="-r -i"),
    Writer("ssh-keygen", NONE, options="-f", harmless="-l -y -B -F -e -L", values="-t -b -N -C -P"),
    Writer("javac kotlinc scalac", NONE, options="-d"),
    Writer("babel tsc swc", NONE, options="-d --out-dir --outDir --outFile"),
    Writer("sphinx-build", BEHIND, values="-b -c -d -D -j -t -w"),
    Writer("hugo mkdocs jekyll", NONE, options="-d --destination --site-dir", values="-s -f"),
    Writer("ctags etags", NONE, options="-f -o", values="-L"),
    Writer("aria2c", NONE, options="-o --out -d --dir -l --log"),
    Writer("http https xh", NONE, needs="-d --download", options="-o --output"),
    Writer("redis-cli", NONE, options="--rdb"),
    Writer("psql", NONE, options="-o --output -L --log-file"),
    Writer("json.tool", BEHIND, values="--indent"),
    Writer("zipfile tarfile", NONE, options="-c --create"),
    Writer("zipfile tarfile", BEHIND, needs="-e --extract", here=True),
    Writer("tidy", ALL, needs="-m -modify", values="-o -output -config -e"),
    Writer("xmlstarlet xml", ALL, commands="ed, edit", needs="-L --inplace", values="-u -v -d -x"),
    Writer("msgmerge", FIRST, needs="-U --update"),
    Writer("pip-compile", NONE, files="requirements.txt", harmless="--dry-run -n"),
    Writer("nmap masscan", NONE, options="-oN -oX -oG -oA -oL"),
    Writer(
        "hg sl",
        NONE,
        commands="update, up, checkout, co, goto, merge, rebase, graft, backout, shelve, unshelve,"
        " import, patch, histedit, strip, fold, split, uncommit, purge, pull -u, revert -a",
        here=True,
        whole=True,
    ),
    Writer("hg sl", ALL, commands="revert", values="-r --rev", here=True, whole=True),
    Writer("svn", ALL, commands="update, up, revert, patch", values="-r --depth", here=True),
    Writer("svn", NONE, commands="switch, sw, merge", here=True),
    Writer(
        "jj", ALL, commands="restore", values="-f --from -t --into --to -c", here=True, whole=True
    ),
    Writer(
        "jj",
        NONE,
        commands="abandon, edit, new, rebase, squash, split, undo, redo, next, prev, op restore,"
        " op undo, workspace update-stale",
        here=True,
        whole=True,
    ),
    Writer(
        "gt",
        NONE,
        commands="sync, restack, checkout, co, up, down, top, bottom",
        here=True,
        whole=True,
    ),
    Writer("dos2unix unix2dos mac2unix", ALL, values="-c -n"),
    Writer("yq", BEHIND, commands="eval, e, eval-all, ea, ", needs="-i --inplace --in-place"),
    Writer("tomlq xq jaq", BEHIND, needs="-i --inplace --in-place"),
    Writer("dasel", NONE, commands="put, delete", options="-f --file -o --out"),
    Writer("sops", ALL, commands="encrypt, decrypt, rotate, ", needs="-i --in-place"),
    Writer("sops", FIRST, commands="set, unset, edit, updatekeys"),
    Writer("ruplacer", BEHIND, needs="--go", skip=2, here=True, values="-t -T --type"),
    Writer("sd", BEHIND, skip=2, values="-f --flags -n", harmless="-p --preview"),
    Writer("rpl", BEHIND, skip=2, harmless="-s --dry-run"),
    Writer("fastmod codemod", BEHIND, skip=2, here=True, values="-e --extensions -d --dir -g"),
    Writer("comby", NONE, needs="-i -in-place", here=True),
    Writer(
        "ast-grep sg",
        ALL,
        needs="-U --update-all",
        here=True,
        values="-p -r -l --pattern --rewrite --lang -c --config",
        commands="run, scan, ",
    ),
    Writer("jscodeshift", ALL, values="-t --transform --parser --extensions", harmless="-d --dry"),
    Writer("2to3", ALL, needs="-w --write", values="-f -x -j"),
    Writer("crudini", FIRST, needs="--set --del --merge"),
    Writer("ansible-vault", ALL, commands="edit, encrypt, decrypt, rekey, create"),
    Writer("7z 7za 7zz 7zr", FIRST, commands="a, u, d, rn"),
    Writer("gh glab hub", NONE, commands="pr checkout, mr checkout, co", here=True),
    Writer("sort shuf", NONE, options="-o --output", values="-k -t -S -T -n -i"),
    Writer("pandoc protoc iconv gpg age dot", NONE, options="-o --output"),
    Writer("pg_dump pg_dumpall mysqldump mariadb-dump", NONE, options="-f --file -r --result-file"),
    Writer("openssl", NONE, options="-out -keyout -writerand"),
    Writer("ranlib patchelf install_name_tool", ALL, values="--set-rpath --set-interpreter"),
    Writer("mkfifo mknod", FIRST, values="-m --mode"),
    Writer("terraform tofu", NONE, commands="plan", options="-out"),
    # --- what package managers keep -----------------------------------------------------------
    Writer("go", NONE, commands="mod tidy, mod edit, get, mod init", files="go.mod go.sum"),
    Writer(
        "npm pnpm yarn bun",
        NONE,
        commands="add, remove, rm, uninstall, un, update, up, upgrade, install *, i *, version *,"
        " audit fix, dedupe, pkg set, pkg delete",
        values="-w --workspace --prefix -C --filter -F",
        files="package.json package-lock.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb",
        harmless="-g --global --no-save",
    ),
    Writer(
        "cargo", NONE, commands="add, remove, rm, update, upgrade", files="Cargo.toml Cargo.lock"
    ),
    Writer(
        "uv poetry pdm rye pixi pipenv hatch",
        NONE,
        commands="add, remove, lock, update, version *, install *, uninstall",
        files="pyproject.toml uv.lock poetry.lock pdm.lock pixi.toml pixi.lock Pipfile"
        " Pipfile.lock",
    ),
    Writer(
        "composer",
        NONE,
        commands="require, remove, update",
        files="composer.json composer.lock",
    ),
    Writer(
        "bundle bundler", NONE, commands="add, remove, update, lock", files="Gemfile Gemfile.lock"
    ),
    Writer(
        "kustomize",
        NONE,
        commands="edit",
        files="kustomization.yaml kustomization.yml Kustomization",
    ),
    # --- formatters and fixers ----------------------------------------------------------------
    Writer(
        "black yapf",
        ALL,
        values="-l --line-length -t --target-version --config -c --include"
        " --exclude --extend-exclude --style -W --workers",
        harmless="--check --diff -d --version",
    ),
    Writer(
        "isort autoflake pyupgrade docformatter",
        ALL,
        harmless="--check -c --check-only --diff",
        values="--profile -l --settings-path --skip --imports --target-version",
    ),
    Writer("autopep8", ALL, needs="-i --in-place", values="--max-line-length --ignore --select"),
    Writer(
        "ruff",
        ALL,
        commands="format",
        harmless="--check --diff",
        here=True,
        values="--config --line-length --exclude --target-version --extension --range",
    ),
    Writer(
        "ruff",
        ALL,
        commands="check",
        needs="--fix --fix-only --unsafe-fixes",
        here=True,
        harmless="--diff",
        values="--select --ignore --config --exclude --line-length",
    ),
    Writer(
        "prettier",
        ALL,
        needs="--write -w",
        harmless="--check -c -l --list-different",
        values="--config --parser --plugin --ignore-path --log-level --loglevel",
    ),
    Writer(
        "biome rome",
        ALL,
        commands="format, check, lint",
        needs="--write --apply --fix",
        here=True,
        values="--config-path",
    ),
    Writer("dprint", ALL, commands="fmt", values="-c --config --plugins", here=True),
    Writer(
        "eslint stylelint markdownlint standard xo oxlint",
        ALL,
        needs="--fix",
        here=True,
        values="-c --config --ext --ignore-path --plugin --rule -f --format --max-warnings",
    ),
    Writer("tslint", ALL, needs="--fix", here=True),
    Writer("gofmt goimports gofumpt golines", ALL, needs="-w", values="-r -cpuprofile -local"),
    Writer("go", ALL, commands="fmt, fix, generate", here=True),
    Writer("rustfmt", ALL, harmless="--check -l", values="--edition --config --config-path --emit"),
    Writer(
        "cargo",
        NONE,
        commands="fmt, fix",
        here=True,
        harmless="--check",
    ),
    Writer("cargo", NONE, commands="clippy", needs="--fix", here=True),
    Writer(
        "clang-format google-java-format swift-format cmake-format",
        ALL,
        needs="-i --in-place --replace -r --inplace",
        values="--style --assume-filename",
    ),
    Writer("swiftformat", ALL, harmless="--lint --dryrun --dry-run", values="--config --rules"),
    Writer("swiftlint", ALL, needs="--fix --autocorrect", here=True, values="--config"),
    Writer("clang-tidy", ALL, needs="--fix -fix --fix-errors -fix-errors", values="-p --checks"),
    Writer("dotnet", NONE, commands="format", harmless="--verify-no-changes", here=True),
    Writer("dotnet", ALL, commands="csharpier", harmless="--check --version"),
    Writer("csharpier", ALL, commands="format, ", harmless="--check --version"),
    Writer("phpcbf hindent beautysh upx", ALL, values="--standard", harmless="-c --check -t -l -d"),
    Writer("pint lint-staged", ALL, harmless="--test --diff", here=True, values="--config"),
    Writer("rector", ALL, commands="process", harmless="-n --dry-run", here=True),
    Writer("perltidy", ALL, needs="-b*", values="-o -pro"),
    Writer("html-beautify js-beautify css-beautify", ALL, needs="-r --replace", values="-o -s"),
    Writer("buildifier", ALL, harmless="-mode=check -mode=diff --mode=check --mode=diff"),
    Writer("ormolu fourmolu", ALL, needs="-i inplace", values="-m --mode -o"),
    Writer("zig", ALL, commands="fmt", harmless="--check"),
    Writer("deno", ALL, commands="fmt", harmless="--check", here=True, values="--ext -c --config"),
    Writer("shfmt", ALL, needs="-w --write", values="-i -ln"),
    Writer("ktlint", ALL, needs="-F --format", here=True),
    Writer("stylua nixfmt alejandra taplo-fmt", ALL, harmless="--check -c"),
    Writer("taplo", ALL, commands="fmt, format", harmless="--check", here=True),
    Writer("terraform tofu", ALL, commands="fmt", harmless="-check -write=false", here=True),
    Writer("packer", ALL, commands="fmt", here=True),
    Writer("mix", ALL, commands="format", harmless="--check-formatted", here=True),
    Writer("dart", ALL, commands="format, fix", harmless="--set-exit-if-changed -o", here=True),
    Writer(
        "rubocop standardrb",
        ALL,
        needs="-a -A --autocorrect --autocorrect-all --fix -x",
        here=True,
        values="-c --config --only",
    ),
    Writer(
        "php-cs-fixer",
        ALL,
        commands="fix",
        harmless="--dry-run",
        here=True,
        values="--config --rules",
    ),
    Writer("buf", ALL, commands="format", needs="-w --write", here=True),
    Writer("djlint sqlfluff", ALL, needs="--reformat fix format", values="--dialect"),
    Writer("pre-commit", ALL, commands="run", needs="--files"),
    Writer("pre-commit", NONE, commands="run", needs="--all-files -a", here=True),
    Writer("codespell", ALL, needs="-w --write-changes", values="-S --skip -L", here=True),
)

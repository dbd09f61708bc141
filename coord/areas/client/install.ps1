# Installs coord's client for this user: without an administrator, a package index or the internet. Run again, it brings the client up to date.
& {
  # Not 'Stop', with which Windows PowerShell's editor and remote sessions end a script at a program's first line on standard error; and a user's
  # own settings for programs that fail, or for names that are not there, are not for this script.
  $ErrorActionPreference = 'Continue'
  $PSNativeCommandUseErrorActionPreference = $false
  $ProgressPreference = 'SilentlyContinue'
  Set-StrictMode -Off
  # Not COORD_URL: the server is trusted from now on, and in a repository that variable may be the repository's.
  $url = @URL@
  $sha256 = @SHA256@

  $python = $null
  foreach ($command in 'py', 'python', 'python3') {
    if (-not (Get-Command $command -CommandType Application -ErrorAction SilentlyContinue)) { continue }
    # Its path is not asked for: through a pipe it has one of two code pages, and few user names survive both.
    # What cannot be started at all, as an alias of a Python from the Store that is gone, is an error that ends the script.
    try { & $command -c 'import sys; sys.exit(sys.version_info < (3, 9))' } catch { continue }
    if ($LASTEXITCODE -eq 0) { $python = $command; break }
  }
  if (-not $python) { throw 'coord: there is no Python 3.9 or later on PATH. Install one, and run this again.' }

  $folder = Join-Path ([IO.Path]::GetTempPath()) ('coord-' + [Guid]::NewGuid())
  New-Item -ItemType Directory $folder -ErrorAction Stop | Out-Null
  try {
    $pyz = Join-Path $folder 'coord.pyz'
    $headers = @{}
    if ($env:COORD_TOKEN) { $headers['Authorization'] = "Bearer $env:COORD_TOKEN" }
    Invoke-WebRequest -UseBasicParsing -Uri "$url/client/coord.pyz" -OutFile $pyz -Headers $headers -MaximumRedirection 0 -ErrorAction Stop
    # Not Get-FileHash, which Windows PowerShell does not find where it was started from PowerShell 7: https://github.com/PowerShell/PowerShell/issues/18108
    & $python -I -S -c 'import hashlib, sys; sys.exit(not hashlib.sha256(open(sys.argv[1], ''rb'').read()).hexdigest() == sys.argv[2])' $pyz $sha256
    if ($LASTEXITCODE -ne 0) {
      throw "coord: $url hands out another client than this script was made for. Fetch the script anew, and run it."
    }
    & $python -I -S $pyz install --server $url
    if ($LASTEXITCODE -ne 0) { throw 'coord: nothing was installed.' }
  } finally {
    Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore  # a virus scanner may have it open
  }
}

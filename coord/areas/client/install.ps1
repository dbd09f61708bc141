# Installs coord's client for this user: without an administrator, a package index or the internet. Run again, it brings the client up to date.
& {
  $ErrorActionPreference = 'Stop'
  $ProgressPreference = 'SilentlyContinue'
  $url = if ($env:COORD_URL) { $env:COORD_URL.TrimEnd('/') } else { @URL@ }
  $sha256 = @SHA256@

  $python = $null
  foreach ($command in 'py', 'python', 'python3') {
    if (-not (Get-Command $command -CommandType Application -ErrorAction SilentlyContinue)) { continue }
    # Its path is not asked for: through a pipe it has one of two code pages, and few user names survive both.
    & $command -c 'import sys; sys.exit(sys.version_info < (3, 9))'
    if ($LASTEXITCODE -eq 0) { $python = $command; break }
  }
  if (-not $python) { throw 'coord: there is no Python 3.9 or later on PATH. Install one, and run this again.' }

  $folder = Join-Path ([IO.Path]::GetTempPath()) ('coord-' + [Guid]::NewGuid())
  New-Item -ItemType Directory $folder | Out-Null
  try {
    $pyz = Join-Path $folder 'coord.pyz'
    $headers = @{}
    if ($env:COORD_TOKEN) { $headers['Authorization'] = "Bearer $env:COORD_TOKEN" }
    Invoke-WebRequest -UseBasicParsing -Uri "$url/client/coord.pyz" -OutFile $pyz -Headers $headers
    if ((Get-FileHash $pyz -Algorithm SHA256).Hash -ne $sha256) {
      throw "coord: $url hands out another client than this script was made for. Fetch the script anew, and run it."
    }
    & $python -I -S $pyz install --server $url
    if ($LASTEXITCODE -ne 0) { throw 'coord: nothing was installed.' }
  } finally {
    Remove-Item -Recurse -Force $folder
  }
}

/* git.exe: Linux's program of the same name, with the paths among its arguments, and those of the
 * user's folders in its environment, as Linux has them.
 * Wine starts a program of Linux, but gives no handle to wait for it and no pipe of its output: so
 * a shell writes that and the exit code into files. Built by tools/setup-windows.sh. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define SCRIPT                                                                                     \
  L"sh -c \"said=$1; shift; \\\"$@\\\" >\\\"$said/1\\\" 2>\\\"$said/2\\\"; "                       \
  L"echo $? >\\\"$said/code\\\"; mv \\\"$said/code\\\" \\\"$said/0\\\"\" sh"

static WCHAR line[32768], folder[MAX_PATH];

static void quote(const WCHAR *text) { /* in double quotes, as Wine takes arguments apart again */
  WCHAR *at = line + wcslen(line);
  int slashes = 0;
  for (*at++ = ' ', *at++ = '"'; *text; text++) {
    if (*text == '"')
      for (slashes++; slashes; slashes--) *at++ = '\\';
    slashes = *text == '\\' ? slashes + 1 : 0;
    *at++ = *text;
  }
  for (; slashes; slashes--) *at++ = '\\';
  *at++ = '"';
  *at = 0;
}

static BOOL is_path(const WCHAR *text) {
  return text[0] && text[1] == ':' && wcschr(L"\\/", text[2]);
}

static const WCHAR *linux_path(const WCHAR *windows_path) {
  static WCHAR path[MAX_PATH];
  char *(CDECL *unix_name)(const WCHAR *) =
      (void *)GetProcAddress(GetModuleHandleW(L"kernel32"), "wine_get_unix_file_name");
  MultiByteToWideChar(CP_UTF8, 0, unix_name(windows_path), -1, path, MAX_PATH);
  return path;
}

static void pass_folder(const WCHAR *name, const WCHAR *passed_as) {
  WCHAR value[MAX_PATH];
  if (GetEnvironmentVariableW(name, value, MAX_PATH) && is_path(value))
    SetEnvironmentVariableW(passed_as, linux_path(value));
}

static BOOL take(const WCHAR *name, char *content, DWORD size, DWORD shown_on) {
  WCHAR path[MAX_PATH];
  DWORD count, written;
  swprintf(path, MAX_PATH, L"%ls\\%ls", folder, name);
  HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                            OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) return FALSE;
  while (ReadFile(file, content, size, &count, NULL) && count)
    if (shown_on) WriteFile(GetStdHandle(shown_on), content, count, &written, NULL);
  CloseHandle(file);
  return DeleteFileW(path);
}

int wmain(int argc, WCHAR **argv) {
  static char content[65536], code[16];
  WCHAR own[MAX_PATH], temporary[MAX_PATH];
  STARTUPINFOW start = {.cb = sizeof start};
  PROCESS_INFORMATION started;
  GetModuleFileNameW(NULL, own, MAX_PATH);
  WCHAR *name = wcsrchr(own, '\\') + 1;
  *wcsrchr(name, '.') = 0;
  GetTempPathW(MAX_PATH, temporary);
  GetTempFileNameW(temporary, L"run", 0, folder);
  DeleteFileW(folder);
  CreateDirectoryW(folder, NULL);
  wcscpy(line, SCRIPT);
  quote(linux_path(folder));
  quote(name);
  for (int index = 1; index < argc; index++)
    quote(is_path(argv[index]) ? linux_path(argv[index]) : argv[index]);
  pass_folder(L"HOME", L"WINEHOME"); /* as which Wine hands HOME on */
  pass_folder(L"XDG_CONFIG_HOME", L"XDG_CONFIG_HOME");
  if (!CreateProcessW(L"Z:\\bin\\sh", line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &started))
    return 126;
  for (int waited = 0; !take(L"0", code, sizeof code - 1, 0); waited += 5) {
    if (waited > 60000) return 126;
    Sleep(5);
  }
  take(L"1", content, sizeof content, STD_OUTPUT_HANDLE);
  take(L"2", content, sizeof content, STD_ERROR_HANDLE);
  RemoveDirectoryW(folder);
  return atoi(code);
}

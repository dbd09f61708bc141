/* python.exe: all that it does is in python3*.dll. Built by tools/setup-windows.sh. */
#include <wchar.h>
int _dowildcard = 0; /* mingw would expand `*` in arguments, which python.org's does not */
__declspec(dllimport) int Py_Main(int, wchar_t **);
int wmain(int argc, wchar_t **argv) { return Py_Main(argc, argv); }

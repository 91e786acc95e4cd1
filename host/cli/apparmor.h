/* torbrowser-launcher ships an AppArmor profile under which Tor Browser may start no foreign program: the browser then
 * behaves as if SecondExit were not installed. Used by the doctor verb. */
#ifndef CLI_APPARMOR_H
#define CLI_APPARMOR_H

#include <stdbool.h>

/* True when the profile is active on this machine and its local additions do not name program. root: "" or, in tests, a
 * folder that stands for /. */
bool apparmor_denies(const char *root, const char *program);

#endif

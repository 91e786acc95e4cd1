/* One line to standard error for the people who debug the host: never a URL, a host name, clipboard
 * text or a SOCKS password. Off unless SECONDEXIT_LOG=1 in the environment. Peer bytes are escaped. */
#ifndef BASE_LOG_H
#define BASE_LOG_H
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
#endif

// SPDX-License-Identifier: MIT
// One WebSocket (RFC 6455, by libwslay) of a browser's: texts in both directions, each a message of its own. Frames that break
// the RFC, are no UTF-8, are binary or too long end it with the RFC's code.
#ifndef PLK_HOST_WEB_SOCKET_H
#define PLK_HOST_WEB_SOCKET_H

#include "base/bytes.h"

#define PLK_WEB_SOCKET_MESSAGE_MAX 1572864 // bytes of a message that comes: the longest request of the API

struct plk_web_socket;

// What happens to it. None may be NULL.
struct plk_web_socket_events {
    void (*message)(void *ctx, struct plk_bytes text); // borrowed for the call
    void (*room)(void *ctx);                           // some of what was written was taken
    void (*closed)(void *ctx);                         // it is over, and not to be used any more
};

// events is static.
void plk_web_socket_take(struct plk_web_socket *socket, const struct plk_web_socket_events *events, void *ctx);

void plk_web_socket_write(struct plk_web_socket *socket, struct plk_bytes text); // kept until flush
void plk_web_socket_flush(struct plk_web_socket *socket);                        // may tell that it is closed
size_t plk_web_socket_unsent(const struct plk_web_socket *socket);               // bytes that the system has not taken

// While it is paused nothing is read from it: no message is told but those that were read already.
void plk_web_socket_pause(struct plk_web_socket *socket, bool pause);

// Sends what was written and a close frame; tells that it is closed from within.
void plk_web_socket_close(struct plk_web_socket *socket, uint16_t code, const char *reason);

#endif

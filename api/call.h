// SPDX-License-Identifier: MIT
// One request of JSON-RPC 2.0 from its line to its answer. Every call ends in exactly one of answer, fail or err, which
// frees it; that may be long after its method has returned.
#ifndef PLK_API_CALL_H
#define PLK_API_CALL_H

#include <jansson.h>

#include "api/method.h"
#include "host/host.h"

#define PLK_CALL_REQUEST_MAX 1572864 // bytes of one request line: a picture of 1 MiB in base64, and what goes with it
#define PLK_CALL_LINE_MAX 240        // bytes of an error's line

// Errors of JSON-RPC itself, and our own. A value of enum plk_err is its own code (1 ..), with its name in `data.name`.
enum plk_call_code {
    PLK_CALL_PARSE = -32700,
    PLK_CALL_REQUEST = -32600,
    PLK_CALL_NO_METHOD = -32601,
    PLK_CALL_PARAMS = -32602,
    PLK_CALL_INTERNAL = -32603,
    PLK_CALL_TOO_MANY = -32000, // clients, or calls that wait
    PLK_CALL_NOT_HERE = -32001, // not on this connection, or not without a node
    PLK_CALL_NO_NODE = -32002,  // the node is stopping, or has not read its rows yet
    PLK_CALL_HOST = -32003,     // the host could not: `data.name` says which kind
    PLK_CALL_LOGIN = -32004,    // a window of the page is not let in: `data.name` is TICKET or KEY
};

struct plk_api;
struct plk_call;

// Takes an answer, a JSON object, which it borrows; call is freed afterwards.
typedef void plk_call_sink(void *ctx, struct plk_call *call, const json_t *answer);
// The same of an answer that was written as a line, without its end.
typedef void plk_call_sink_line(void *ctx, struct plk_call *call, struct plk_bytes line);
// A command's result, for a method that waits for one.
typedef void plk_call_result(struct plk_call *call, const struct plk_output *output);

struct plk_call {
    struct plk_call *next;       // in the list of whoever keeps it
    struct plk_api *api;         // NULL: no node is running
    struct plk_host *host;       // NULL with it
    struct plk_history *history; // while the method runs; it is another one after a store was lost. NULL: no profile
    void *owner;                 // of the connection; NULL when that is gone and nobody wants the answer
    bool window;                 // the owner is a client that is a window of the page
    plk_call_sink *sink;
    plk_call_sink_line *sink_line; // not needed where there is no node
    json_t *id;                    // NULL: a notification, which is not answered
    json_t *params;                // an object that fits method->params
    const struct plk_method *method;
    plk_call_result *on_result;
    struct plk_call **at, *after; // in the list of those whose command has no result yet
    bool told;                    // was answered before its command: what its method says now is heard by nobody
    // What `send` waits for.
    uint32_t contact;
    uint64_t row, started_us, deadline_us;
    enum plk_state wanted;
    bool repeated;
    uint8_t message_id[PLK_ID_LEN];
};

// Reads a line and runs its method; answers go to sink. what: as a whole, with id and so on, is taken from context.
void plk_call_run(const struct plk_call *context, struct plk_bytes line);

void plk_call_answer(struct plk_call *call, json_t *result);             // takes result
void plk_call_answer_line(struct plk_call *call, struct plk_bytes line); // the whole answer; the call has an id
void plk_call_fail(struct plk_call *call, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void plk_call_err(struct plk_call *call, enum plk_err err, const char *format, ...) // format NULL: the error's own line
    __attribute__((format(printf, 3, 4)));
void plk_call_fault(struct plk_call *call, const struct plk_fault *fault);
void plk_call_fail_named(struct plk_call *call, int code, const char *name, const char *line);

// An error object by itself, e.g. for a connection that is refused. The caller owns it.
json_t *plk_call_error(const json_t *id, int code, const char *name, const char *line);

// Hands a command to the node; on OK on_result gets its result and must end the call, on an error the call fails.
void plk_call_command(struct plk_call *call, const struct plk_command *command, plk_call_result *on_result);

// Of a list of calls whose commands have no result yet: told now that the disk does not take them, or that the node stops,
// and let go. Their commands go on, and may well succeed.
void plk_call_tell_stalled(struct plk_call *first);
void plk_call_let_go(struct plk_call *first);

// Parameters by name; the shape was checked. Absent: empty (at is NULL), 0 or false.
struct plk_bytes plk_call_text(const struct plk_call *call, const char *name);
uint64_t plk_call_count(const struct plk_call *call, const char *name);
bool plk_call_flag(const struct plk_call *call, const char *name);
bool plk_call_has(const struct plk_call *call, const char *name);

// The contact of this name, in a running node or in the store. On false the call has failed.
bool plk_call_contact_named(struct plk_call *call, struct plk_bytes name, struct plk_contact_row *row);
bool plk_call_contact(struct plk_call *call, struct plk_contact_row *row); // that the parameter `contact` names

// Whether there is a profile; on false the call has failed.
bool plk_call_ready(struct plk_call *call);

#endif

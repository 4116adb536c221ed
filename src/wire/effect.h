// SPDX-License-Identifier: MIT
// What goes into a core (a node, a relay) and what comes out: plain values, no calls upwards (DESIGN 2). A host, the simulator and a JNI
// library drive the same contract:
//
//     plk_node_handle(node, now, &input);
//     while (plk_node_poll(node, now, &output), output.kind != PLK_OUT_WAIT) carry_out(&output);
//     sleep until output.wait.deadline_us, or until there is the next input
//
// All pointers in an input are borrowed for the call; all pointers in an output until the next call on the node.
#ifndef PLK_WIRE_EFFECT_H
#define PLK_WIRE_EFFECT_H

#include "base/addr.h"
#include "base/time.h"
#include "wire/row.h"
#include "wire/table.h"

#define PLK_DATAGRAM_MAX 1500 // longest UDP payload and longest packet in a TCP frame
#define PLK_LINK_TEXT_MAX 2048
#define PLK_CALLER_ID_MAX 128
#define PLK_TCP_UNSENT_MAX 65536 // a host reports WRITABLE free up to this (TCP_NOTSENT_LOWAT)

// ---- inputs ---------------------------------------------------------------------------------------------------------

enum plk_in_kind {
    PLK_IN_TICK,        // the deadline of WAIT has come
    PLK_IN_DATAGRAM,    // UDP
    PLK_IN_STREAM,      // TCP: state, bytes, room
    PLK_IN_STORED,      // every batch <= n is durable
    PLK_IN_STORE_STATE, // the disk is full or locked (stalled), or well again
    PLK_IN_LOADED,      // rows for a LOAD; several may answer one ticket: more says that another follows
    PLK_IN_RESOLVED,
    PLK_IN_NETWORK, // the interface list or the bound ports; at start, and at every change
    PLK_IN_SUSPEND, // the system is about to sleep: send nothing more than must be
    PLK_IN_RESUME,  // it is awake again; carries fresh entropy
    PLK_IN_COMMAND,
    PLK_IN_MAPPED, // all ports that the host itself holds at a router now (UPnP-IGD), when they change
    PLK_IN_SERVE, // a relay runs beside the node, for its contacts, or none does: once the node is READY, and when that changes
    PLK_IN_LEAVE, // the process is about to end: what others hold for it is given back, then nothing more is sent
};

enum plk_stream_event {
    PLK_STREAM_OPENED,   // an own STREAM_OPEN succeeded; writable says how much
    PLK_STREAM_ACCEPTED, // a stranger connected; the host chose the id, with the top bit set
    PLK_STREAM_BYTES,
    PLK_STREAM_WRITABLE, // the free room has grown
    PLK_STREAM_CLOSED,   // by the peer, by an error, or refused; the id is dead. Not sent for an own STREAM_CLOSE
};

struct plk_interface {
    struct plk_addr addr; // port 0
    uint8_t prefix_bits;
    bool metered;
};

// A router that others are reached through, and an address of ours that it knows us by: one for each such address.
struct plk_gateway {
    struct plk_addr addr, local; // ports 0
};

enum plk_mapping_by { PLK_MAPPING_NONE, PLK_MAPPING_PCP, PLK_MAPPING_NATPMP, PLK_MAPPING_UPNP };

// A port of ours that a router holds open for everybody.
struct plk_mapping {
    enum plk_transport transport; // UDP, TCP
    enum plk_mapping_by by;
    struct plk_addr internal; // ours
    struct plk_addr external; // where others reach it, as the router says
};

enum plk_command_kind {
    PLK_CMD_INIT =
        1, // makes the profile: name; seed (32 bytes) to restore an identity, else random; backup: sealed bytes
    PLK_CMD_INVITE, // invite_kind, flag: who comes by it is reached through relays only; result text: the link
    PLK_CMD_ADD,    // text: the link; name: how to call the contact, may be empty; note: a first message, may be
                    // empty; flag: as PLK_CMD_PATH, from the beginning
    PLK_CMD_SEND, // contact, text, caller_id (may be empty), target: of which message it is an answer; result: id, row,
                  // state
    PLK_CMD_ACCEPT, // contact
    PLK_CMD_REJECT,
    PLK_CMD_BLOCK,
    PLK_CMD_UNBLOCK,
    PLK_CMD_RENAME,  // contact, name
    PLK_CMD_REMOVE,  // contact: the contact and its history
    PLK_CMD_VERIFY,  // contact, flag
    PLK_CMD_PROFILE, // name, about, data: its picture, empty for none; NULL at = unchanged
    PLK_CMD_BACKUP,  // result text: the sealed backup's bytes
    PLK_CMD_CONNECT, // contact: bring the link up, e.g. because a conversation was opened
    PLK_CMD_CANCEL,  // contact, row: give a queued message up
    PLK_CMD_RELAY_ADD, // text: HOST:PORT#KEY (wire/relay_name.h); result text: HOST:PORT, repeated: it was one of ours already
    PLK_CMD_PATH,     // contact, flag: it is reached through one's own relays only, else by whatever way there is
    PLK_CMD_READ,     // contact, row: the person has seen what came up to it; never less than before; target: the
                      // newest of the contact's messages up to there, which it is told unless it is not to be
    PLK_CMD_MARK,     // contact, marks, flag: which of PLK_MARK_*, set or taken away
    PLK_CMD_REACT,    // contact, target, text: an emoji, empty takes it back
    PLK_CMD_EDIT,     // contact, target of one's own, text
    PLK_CMD_DELETE,   // contact, row, target; flag: for both, of one's own; else here only
    PLK_CMD_TIMER,    // contact, seconds: what is written from now on vanishes so long after it was read; 0: it stays
    PLK_CMD_RECEIPTS, // contact, flag: whether it is told what of its was read here
    PLK_CMD_RELAY_REMOVE, // text: HOST:PORT of an own relay, its key may follow; result text: HOST:PORT
    PLK_CMD_PICTURE, // contact, data, picture_type, width, height, preview, text: a caption, caller_id; result as of SEND
};

enum plk_invite_kind { PLK_INVITE_AUTO, PLK_INVITE_INLINE, PLK_INVITE_ONE_TIME, PLK_INVITE_ADDRESS };

enum { PLK_MARK_PINNED = 1, PLK_MARK_MUTED = 2 };

struct plk_command {
    uint64_t ticket; // comes back in RESULT; chosen by the host
    enum plk_command_kind kind;
    uint32_t contact;
    uint64_t row;
    bool flag;
    uint8_t marks;
    uint32_t seconds;
    bool has_target; // a message, by its origin: a host looks it up in its history
    enum plk_direction target_direction;
    struct plk_origin target;
    enum plk_invite_kind invite_kind;
    struct plk_bytes text, name, note, about, caller_id, seed, backup;
    struct plk_bytes data, preview; // of a picture: wire/picture.h
    uint8_t picture_type;           // enum plk_picture_type
    uint16_t width, height;
};

struct plk_input {
    enum plk_in_kind kind;
    union {
        struct {
            struct plk_addr from, to; // to: the local address it arrived on; family 0 when not known
            struct plk_bytes data;
            uint32_t socket; // by which it came; 0: the one that the host has bound
        } datagram;
        struct {
            uint32_t stream;
            enum plk_stream_event event;
            struct plk_addr remote; // OPENED, ACCEPTED
            struct plk_bytes data;  // BYTES
            size_t writable;        // OPENED, ACCEPTED, WRITABLE: bytes the host takes now
        } stream;
        struct {
            uint64_t n;
        } stored;
        struct {
            bool stalled;
        } store_state;
        struct {
            uint64_t ticket;
            const struct plk_row *rows;
            size_t count;
            bool more;
        } loaded;
        struct {
            uint64_t ticket;
            const struct plk_addr *addrs;
            size_t count; // 0: the name could not be resolved
        } resolved;
        struct {
            const struct plk_interface *interfaces;
            size_t count;
            uint16_t udp4_port, udp6_port, tcp_port; // 0: not bound
            const struct plk_gateway
                *gateways; // those that may be asked for ports: none where the user does not want that
            size_t gateway_count;
            bool
                beacon; // beacons of neighbours are heard (wire/beacon.h, on its port): not where the user does not want that
        } network;
        struct {
            const struct plk_mapping *list;
            size_t count;
        } mapped;
        struct {
            bool on;
            uint8_t key[32]; // the relay's static; zero where there is none
        } serve;
        struct {
            uint8_t entropy[32];
        } resume;
        struct plk_command command;
    };
};

// ---- outputs --------------------------------------------------------------------------------------------------------

enum plk_out_kind {
    PLK_OUT_WAIT, // nothing more to do until the deadline or an input
    PLK_OUT_DATAGRAM,
    PLK_OUT_SOCKET_OPEN, // one more for UDP over IPv4, on a port of the system's choice
    PLK_OUT_SOCKET_CLOSE,
    PLK_OUT_STREAM_OPEN,
    PLK_OUT_STREAM_WRITE,
    PLK_OUT_STREAM_CLOSE,
    PLK_OUT_STORE,
    PLK_OUT_LOAD,
    PLK_OUT_RESOLVE,
    PLK_OUT_EVENT,  // durable already: a reader of the store finds what it speaks of
    PLK_OUT_RESULT, // of a command; its effects are durable
};

struct plk_batch;

struct plk_output {
    enum plk_out_kind kind;
    union {
        struct {
            uint64_t deadline_us; // mono_us; PLK_NEVER
        } wait;
        struct {
            struct plk_addr to, local; // local: send from here; family 0: the system's choice
            struct plk_bytes data;
            uint32_t socket; // from which: 0, or one that was opened. What a host could not open sends nothing
            uint8_t hops;    // routers that it may pass (TTL, hop limit); 0: as the system has it
        } datagram;
        struct {
            uint32_t socket; // chosen by the node, never 0, never the same again
        } socket;            // SOCKET_OPEN, SOCKET_CLOSE
        struct {
            uint32_t stream; // chosen by the node, top bit clear
            struct plk_addr to;
            uint16_t port; // of this side: that of the listener, so that who listens is seen at one place; 0: any
        } stream_open;
        struct {
            uint32_t stream;
            struct plk_bytes data; // never more than was said to be writable
        } stream_write;
        struct {
            uint32_t stream;
        } stream_close;
        struct {
            uint64_t n; // counts up by one
            const struct plk_batch *ops;
        } store;
        struct {
            uint64_t ticket;
            enum plk_table table;
            struct plk_bytes from, to; // from <= key < to; an empty to: until the table's end
            uint32_t limit;            // rows at most; 0: all
            bool reverse;              // highest keys first
        } load;
        struct {
            uint64_t ticket;
            struct plk_bytes host;
            uint16_t port;
        } resolve;
        struct {
            struct plk_event_row row; // row.n: its durable number, or the last durable one where the kind is not stored
            uint8_t id[PLK_ID_LEN];   // message, state
        } event;
        struct {
            uint64_t ticket;
            enum plk_err err;
            uint32_t contact; // ADD
            uint64_t row;     // SEND
            uint8_t id[PLK_ID_LEN];
            enum plk_state state;
            bool repeated; // SEND with a caller's id that was seen before: nothing new was made; ADD of a contact
            struct plk_bytes text; // INVITE, BACKUP, ADD (the contact's name)
        } result;
    };
};

#endif

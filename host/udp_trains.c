// SPDX-License-Identifier: MIT
#include "host/udp_trains.h"

#include "host/address.h"
#include "host/memory.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#if defined(__linux__) && !defined(UDP_SEGMENT)
#define UDP_SEGMENT 103
#endif

#define CONTROL_LEN 128 // an address and a length
#define NO_PIECE UINT16_MAX

// Datagrams that lie one behind the other.
struct piece {
    uint32_t at, len; // in the arena
    uint16_t next;    // of the same train
};

// Datagrams of one size (the last may be shorter) to one target.
struct train {
    struct plk_addr to, from;
    size_t len;
    uint16_t size; // of each
    uint16_t first, last;
    unsigned count, pieces;
    bool closed; // the last is shorter: nothing may follow
};

struct letter {
    struct sockaddr_storage to;
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_LEN];
};

struct plk_udp_trains {
    int fd[2];       // of IPv4 and IPv6
    bool segment[2]; // the kernel cuts
    struct train trains[PLK_UDP_TRAINS];
    struct piece pieces[PLK_UDP_PIECES];
    struct letter letters[PLK_UDP_TRAINS];
    struct iovec io[PLK_UDP_PIECES];
    unsigned train_count, piece_count;
    uint32_t arena_len;
    uint64_t dropped;
    uint8_t *arena;
};

static unsigned side(const struct plk_addr *to) { return to->family == 4 ? 0 : 1; }

struct plk_udp_trains *plk_udp_trains_new(int fd4, bool segment4, int fd6, bool segment6) {
    struct plk_udp_trains *trains = plk_memory_take(sizeof *trains);
    trains->fd[0] = fd4;
    trains->fd[1] = fd6;
    trains->segment[0] = segment4;
    trains->segment[1] = segment6;
    // Large enough for the system to give it lazily: who is idle uses next to nothing of it.
    trains->arena = plk_memory_take(PLK_UDP_ARENA_LEN);
    return trains;
}

void plk_udp_trains_free(struct plk_udp_trains *trains) {
    if (trains == NULL) return;
    free(trains->arena); // ciphertext only: not worth touching pages that were never used
    free(trains);
}

uint64_t plk_udp_trains_dropped(const struct plk_udp_trains *trains) { return trains->dropped; }

// ---- gathering ----------------------------------------------------------------------------------------------------------

// The train that it may join: the newest to this target, if it has room. A datagram never overtakes another of its target.
static struct train *train_for(struct plk_udp_trains *trains, const struct plk_addr *to, const struct plk_addr *from,
                               size_t len) {
    if (!trains->segment[side(to)]) return NULL;
    for (unsigned i = trains->train_count, k = 0; i > 0 && k < PLK_UDP_LOOK_BACK; k++) {
        struct train *train = &trains->trains[--i];
        if (!plk_addr_equal(&train->to, to)) continue;
        bool fits = !train->closed && len <= train->size && train->count < PLK_UDP_TRAIN_MAX &&
                    train->len + len <= PLK_UDP_TRAIN_BYTES && plk_addr_equal(&train->from, from);
        return fits ? train : NULL;
    }
    return NULL;
}

static struct train *new_train(struct plk_udp_trains *trains, const struct plk_addr *to, const struct plk_addr *from,
                               size_t len) {
    struct train *train = &trains->trains[trains->train_count++];
    *train = (struct train){.to = *to, .from = *from, .size = (uint16_t)len, .first = NO_PIECE, .last = NO_PIECE};
    return train;
}

static void append(struct plk_udp_trains *trains, struct train *train, struct plk_bytes data) {
    struct piece *last = train->last == NO_PIECE ? NULL : &trains->pieces[train->last];
    memcpy(trains->arena + trains->arena_len, data.at, data.len);
    if (last != NULL && last->at + last->len == trains->arena_len) {
        last->len += (uint32_t)data.len;
    } else {
        uint16_t index = (uint16_t)trains->piece_count++;
        trains->pieces[index] = (struct piece){.at = trains->arena_len, .len = (uint32_t)data.len, .next = NO_PIECE};
        if (last == NULL) {
            train->first = index;
        } else {
            last->next = index;
        }
        train->last = index;
        train->pieces++;
    }
    trains->arena_len += (uint32_t)data.len;
    train->len += data.len;
    train->count++;
    train->closed = data.len < train->size;
}

void plk_udp_trains_add(struct plk_udp_trains *trains, const struct plk_addr *to, const struct plk_addr *from,
                        struct plk_bytes data) {
    if (trains->fd[side(to)] < 0 || data.len == 0 || data.len > PLK_UDP_TRAIN_BYTES) {
        trains->dropped++;
        return;
    }
    bool room = trains->piece_count < PLK_UDP_PIECES && trains->arena_len + data.len <= PLK_UDP_ARENA_LEN;
    if (!room) plk_udp_trains_flush(trains);
    struct train *train = train_for(trains, to, from, data.len);
    if (train == NULL && trains->train_count == PLK_UDP_TRAINS) plk_udp_trains_flush(trains);
    if (train == NULL) train = new_train(trains, to, from, data.len);
    append(trains, train, data);
}

// ---- sending ------------------------------------------------------------------------------------------------------------

static void add_control(struct msghdr *header, int level, int type, const void *data, size_t len) {
    struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)header->msg_control + header->msg_controllen);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(c), data, len);
    header->msg_controllen += CMSG_SPACE(len);
}

static void add_source(struct msghdr *header, const struct plk_addr *from) {
#ifdef IP_PKTINFO
    if (from->family == 4) {
        struct in_pktinfo info = {.ipi_ifindex = 0};
        memcpy(&info.ipi_spec_dst, from->ip, 4);
        add_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
#endif
#ifdef IPV6_PKTINFO
    if (from->family == 6) {
        struct in6_pktinfo info = {.ipi6_ifindex = from->scope};
        memcpy(&info.ipi6_addr, from->ip, 16);
        add_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
#endif
}

// One message; what it is made of stays where it is until the letter is written again.
static struct msghdr write_letter(struct letter *letter, const struct train *train, struct iovec *io, size_t io_count,
                                  bool cut) {
    memset(letter->control, 0, sizeof letter->control);
    struct msghdr header = {.msg_name = &letter->to,
                            .msg_namelen = plk_address_to_system(&train->to, &letter->to),
                            .msg_iov = io,
                            .msg_iovlen = io_count,
                            .msg_control = letter->control};
    add_source(&header, &train->from);
#ifdef __linux__
    if (cut) add_control(&header, IPPROTO_UDP, UDP_SEGMENT, &train->size, sizeof train->size);
#else
    (void)cut;
#endif
    if (header.msg_controllen == 0) header.msg_control = NULL;
    return header;
}

// The pieces of a train; returns how many.
static size_t lay_out(const struct plk_udp_trains *trains, const struct train *train, struct iovec *io) {
    size_t count = 0;
    for (uint16_t at = train->first; at != NO_PIECE; at = trains->pieces[at].next) {
        const struct piece *piece = &trains->pieces[at];
        io[count++] = (struct iovec){.iov_base = trains->arena + piece->at, .iov_len = piece->len};
    }
    return count;
}

static bool send_letter(int fd, const struct msghdr *header) {
    ssize_t sent;
    do sent = sendmsg(fd, header, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static void send_singly(struct plk_udp_trains *trains, const struct train *train) {
    for (uint16_t at = train->first; at != NO_PIECE; at = trains->pieces[at].next) {
        const struct piece *piece = &trains->pieces[at];
        for (uint32_t done = 0; done < piece->len; done += train->size) {
            size_t len = piece->len - done < train->size ? piece->len - done : train->size;
            struct iovec io = {.iov_base = trains->arena + piece->at + done, .iov_len = len};
            struct msghdr header = write_letter(&trains->letters[0], train, &io, 1, false);
            if (!send_letter(trains->fd[side(&train->to)], &header)) trains->dropped++;
        }
    }
}

static void send_train(struct plk_udp_trains *trains, const struct train *train) {
    size_t count = lay_out(trains, train, trains->io);
    struct msghdr header = write_letter(&trains->letters[0], train, trains->io, count, train->count > 1);
    if (send_letter(trains->fd[side(&train->to)], &header)) return;
    if (train->count == 1) {
        trains->dropped++;
        return;
    }
    // The interface, or the path's size, does not allow it: as they are, and from now on always, unless it was a lack of room.
    if (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP) trains->segment[side(&train->to)] = false;
    if (errno == EAGAIN || errno == ENOBUFS) {
        trains->dropped += train->count;
    } else {
        send_singly(trains, train);
    }
}

#ifdef __linux__
// As many trains of one family as leave with one call, from this one on. Returns how many have left.
static unsigned send_many(struct plk_udp_trains *trains, unsigned from) {
    struct mmsghdr headers[PLK_UDP_TRAINS];
    unsigned count = 0, family = side(&trains->trains[from].to);
    size_t io_count = 0;
    for (unsigned i = from; i < trains->train_count && side(&trains->trains[i].to) == family; i++) {
        const struct train *train = &trains->trains[i];
        struct iovec *io = trains->io + io_count;
        size_t pieces = lay_out(trains, train, io);
        headers[count].msg_hdr = write_letter(&trains->letters[count], train, io, pieces, train->count > 1);
        io_count += pieces;
        count++;
    }
    int sent = sendmmsg(trains->fd[family], headers, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? (unsigned)sent : 0;
}
#else
static unsigned send_many(struct plk_udp_trains *trains, unsigned from) {
    (void)trains;
    (void)from;
    return 0;
}
#endif

void plk_udp_trains_flush(struct plk_udp_trains *trains) {
    for (unsigned at = 0; at < trains->train_count;) {
        unsigned sent = send_many(trains, at);
        // What did not leave says why when it is tried alone.
        if (sent == 0) send_train(trains, &trains->trains[at]);
        at += sent == 0 ? 1 : sent;
    }
    trains->train_count = trains->piece_count = 0;
    trains->arena_len = 0;
}

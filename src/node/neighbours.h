// SPDX-License-Identifier: MIT
// Contacts on the same LAN, found by beacons (wire/beacon.h): who calls somebody and is not answered tells its neighbours so, in a way
// that only those who are called understand; and who is called so calls back. It needs no relay, no clock and no address of before.
#ifndef PLK_NODE_NEIGHBOURS_H
#define PLK_NODE_NEIGHBOURS_H

#include "wire/beacon.h"
#include "wire/effect.h"

#define PLK_NEIGHBOURS_FIRST_US (400 * PLK_MS)   // a call may be answered before it is told to all
#define PLK_NEIGHBOURS_AGAIN_US (4 * PLK_SECOND) // and half as much again, while somebody is called
#define PLK_NEIGHBOURS_FACES 8                   // interfaces on which it is told
#define PLK_NEIGHBOURS_HEARD 8                   // contacts whose rows are being read
#define PLK_NEIGHBOURS_HEARD_US (10 * PLK_SECOND)
#define PLK_NEIGHBOURS_SCANS 16               // beacons that are looked at in a row;
#define PLK_NEIGHBOURS_SCAN_US (100 * PLK_MS) // then one each

struct plk_node;
struct plk_peer;

struct plk_neighbour { // a contact that has been heard there
    uint32_t contact;  // 0: none
    struct plk_addr addr;
    uint64_t until_us;
};

struct plk_neighbours {
    bool on;                   // the host hears beacons, and the user wants them
    uint64_t due_us;           // of the next beacon, PLK_NEVER: nobody is called
    unsigned face, face_count; // of the beacon that is being told: the next one
    struct plk_addr faces[PLK_NEIGHBOURS_FACES];
    uint8_t packet[PLK_BEACON_LEN];
    struct plk_neighbour heard[PLK_NEIGHBOURS_HEARD];
    unsigned scans;
    uint64_t scanned_us;
};

void plk_neighbours_init(struct plk_neighbours *neighbours);
void plk_neighbours_network(struct plk_node *node, bool on);
void plk_neighbours_call(struct plk_node *node); // somebody is called
void plk_neighbours_heard(struct plk_node *node, const struct plk_addr *from, struct plk_bytes bytes);
void plk_neighbours_tick(struct plk_node *node);
bool plk_neighbours_poll(struct plk_node *node, struct plk_output *output);
uint64_t plk_neighbours_deadline(const struct plk_node *node);

#endif

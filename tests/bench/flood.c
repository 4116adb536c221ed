// SPDX-License-Identifier: MIT
// Strangers at a node's port on loopback: half of the packets are none, half look like the message 1 of a contact. Runs until
// it is killed.
//
// usage: bench_flood PORT PACKETS_PER_SECOND
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { LEN = 256, BURST = 10 };

int main(int argc, char **argv) {
    if (argc != 3 || atoi(argv[1]) <= 0 || atoi(argv[2]) <= 0) {
        fprintf(stderr, "usage: bench_flood PORT PACKETS_PER_SECOND\n");
        return 2;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) return 1;
    uint8_t packet[LEN];
    struct timespec pause = {.tv_nsec = 1000000000L / atoi(argv[2]) * BURST};
    for (unsigned n = 0;; n++) {
        for (size_t i = 0; i < sizeof packet; i++) packet[i] = (uint8_t)rand();
        packet[0] = n % 2 == 0 ? 0x99 : 0xC1; // wire/packet.h
        packet[1] = 1;
        // What the port does not take is lost, like any datagram.
        ssize_t sent = sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to);
        if (sent < 0 && n % BURST == 0) nanosleep(&pause, NULL);
        if (n % BURST == BURST - 1) nanosleep(&pause, NULL);
    }
}

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks the router for ports by each protocol that it may know, and waits for who comes in by them.

    ask_igd.py HERE ROUTER     prints {protocol: [outer address, outer port] or null}, then {protocol: what came} for each line
                               of standard input
"""
import json
import re
import select
import socket
import struct
import sys
import urllib.request

LIFE_S = 120
PORTS = {"upnp": 4100, "natpmp": 4200, "pcp": 4300}
SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:1"


def exchange(here, router, packet):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((here, 0))
        sock.settimeout(2)
        for _ in range(3):
            sock.sendto(packet, (router, 5351))
            try:
                return sock.recv(1100)
            except (socket.timeout, ConnectionRefusedError):
                pass
    return None


def natpmp(here, router, port):
    where = exchange(here, router, b"\0\0")
    answer = exchange(here, router, struct.pack("!BBHHHI", 0, 2, 0, port, port, LIFE_S))
    if not where or not answer or struct.unpack("!H", answer[2:4])[0] != 0:
        return None
    return socket.inet_ntoa(where[8:12]), struct.unpack("!H", answer[10:12])[0]


def mapped(ip):
    return b"\0" * 10 + b"\xff\xff" + socket.inet_aton(ip)


def pcp(here, router, port):
    head = struct.pack("!BBHI", 2, 1, 0, LIFE_S) + mapped(here)
    answer = exchange(here, router, head + b"lab nonce 12" + struct.pack("!B3xHH", 6, port, port) + mapped("0.0.0.0"))
    if not answer or answer[0] != 2 or answer[3] != 0:
        return None
    return socket.inet_ntoa(answer[56:60]), struct.unpack("!H", answer[42:44])[0]


def soap(control, action, **arguments):
    body = "".join(f"<{name}>{value}</{name}>" for name, value in arguments.items())
    text = ('<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
            f'<u:{action} xmlns:u="{SERVICE}">{body}</u:{action}></s:Body></s:Envelope>')
    asked = urllib.request.Request(control, text.encode(), {"Content-Type": "text/xml", "SOAPAction": f'"{SERVICE}#{action}"'})
    return urllib.request.urlopen(asked, timeout=3).read().decode()


def discover(here):
    """The description's URL, by SSDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((here, 0))
        sock.settimeout(2)
        for _ in range(3):
            sock.sendto(b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n'
                        b"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n", ("239.255.255.250", 1900))
            try:
                return re.search(r"LOCATION: *(\S+)", sock.recv(2048).decode(), re.I).group(1)
            except socket.timeout:
                pass
    return None


def upnp(here, router, port):
    url = discover(here)
    if url is None or router not in url:
        return None
    text = urllib.request.urlopen(url, timeout=3).read().decode()
    path = re.search(r"WANIPConnection:\d</serviceType>.*?<controlURL>(.*?)</controlURL>", text, re.S).group(1)
    control = re.match(r"http://[^/]+", url).group(0) + path
    soap(control, "AddPortMapping", NewRemoteHost="", NewExternalPort=port, NewProtocol="TCP", NewInternalPort=port,
         NewInternalClient=here, NewEnabled=1, NewPortMappingDescription="lab", NewLeaseDuration=LIFE_S)
    where = soap(control, "GetExternalIPAddress")
    return re.search(r"<NewExternalIPAddress>(.*?)<", where).group(1), port


def main(here, router):
    listeners = {name: socket.create_server((here, port)) for name, port in PORTS.items()}
    askers = {"upnp": upnp, "natpmp": natpmp, "pcp": pcp}
    print(json.dumps({name: ask(here, router, PORTS[name]) for name, ask in askers.items()}), flush=True)
    for _ in sys.stdin:
        came = {}
        for name, listener in listeners.items():
            if select.select([listener], [], [], 1)[0]:
                with listener.accept()[0] as caller:
                    caller.settimeout(2)
                    came[name] = caller.recv(100).decode()
        print(json.dumps(came), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers every message with its own text, each exactly once, however often this program or the node is stopped.

    examples/echo_bot.py --state FILE [--socket PATH | --home DIR [--peerlink PROGRAM]]

Two things make it exactly once (docs/api.md):
- Events have durable numbers. The number of the last event that was dealt with is saved; after a restart `watch` goes on
  from there, so no message is passed over.
- An answer is sent with an id made of the message that it answers. If the program died after sending and before saving,
  it sends the same id again, and the node makes nothing new of it.
"""
import argparse
import json
import os
import socket
import subprocess
import sys
import time


class Gone(Exception):
    """The node is not there: it will be again."""


class Node:
    """JSON-RPC 2.0, one object a line, on the node's Unix socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.connect(path)
        except OSError as error:
            raise Gone(str(error)) from None
        self.lines = self.socket.makefile("rb")
        self.events = []
        self.last_id = 0

    def read(self):
        try:
            line = self.lines.readline()
        except OSError as error:
            raise Gone(str(error)) from None
        if not line.endswith(b"\n"):
            raise Gone("the node stopped")
        return json.loads(line)

    def call(self, method, **params):
        """The result of a method, or its error as {"code", "message", ...}; events that come meanwhile are kept."""
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        try:
            self.socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise Gone(str(error)) from None
        while True:
            message = self.read()
            if message.get("method") == "event":
                self.events.append(message["params"])
            elif message.get("id") == self.last_id:
                return message.get("result"), message.get("error")

    def next_event(self):
        while not self.events:
            message = self.read()
            if message.get("method") == "event":
                self.events.append(message["params"])
        return self.events.pop(0)


def load(path):
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def save(path, number):
    """Whole or not at all: written beside, synced, renamed."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(str(number))
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def answer(node, event):
    """Sends the echo. A refusal for good (the contact was blocked or removed) is passed over."""
    while True:
        result, error = node.call("send", contact=event["contact_id"], text=event["text"], id="echo-" + event["id"])
        if result is not None:
            return
        if error.get("data", {}).get("name") not in ("BUSY", "STALLED"):
            print("not answered:", error["message"], file=sys.stderr)
            return
        time.sleep(0.1)


def serve(path, state):
    node = Node(path)
    result, error = node.call("watch", since=load(state))
    if error:
        sys.exit("watch: " + error["message"])
    print("ready", flush=True)
    while True:
        event = node.next_event()
        if event["event"] == "message" and event.get("direction") == "in" and event.get("kind") == "text":
            answer(node, event)
        if event["event"] in ("message", "state", "contact", "request"):  # the others have no number of their own
            save(state, event["n"])


def find_socket(args):
    if args.socket:
        return args.socket
    command = [args.peerlink] + (["--home", args.home] if args.home else []) + ["--json", "config", "check"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["socket"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--state", required=True, help="where the number of the last event is kept")
    parser.add_argument("--socket", help="the node's Unix socket")
    parser.add_argument("--home", help="the profile, to find its socket")
    parser.add_argument("--peerlink", default="peerlink", help="the program, to find the socket")
    args = parser.parse_args()
    path = find_socket(args)
    while True:
        try:
            serve(path, args.state)
        except Gone:
            time.sleep(0.2)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass

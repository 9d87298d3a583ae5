#!/usr/bin/env python3
"""Records what a small service and its machine look like, one line a period, as CSV on standard output.

    record.py PERIOD_S POINTS >file.csv

A web server on loopback answers pages that cost it some processor time and memory; a client asks it
ten times a period. What else the machine does at the time is part of the record.
"""
import http.client
import http.server
import json
import sys
import threading
import time

PAGES = 10


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps([{"id": i, "square": i * i} for i in range(400)]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def ask(port):
    began = time.perf_counter()
    peer = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    peer.request("GET", "/")
    peer.getresponse().read()
    peer.close()
    return (time.perf_counter() - began) * 1000


def stat(name):
    with open("/proc/stat", encoding="ascii") as f:
        for line in f:
            if line.startswith(name + " "):
                return int(line.split()[1])
    return 0


def kib(path, name):
    with open(path, encoding="ascii") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


def main():
    period, points = float(sys.argv[1]), int(sys.argv[2])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    print("second,latency_median_ms,latency_worst_ms,load1,memory_available_kib,server_memory_kib,"
          "forks,switches")
    began = time.monotonic()
    forks, switches = stat("processes"), stat("ctxt")
    for i in range(points):
        times = []
        for k in range(PAGES):
            due = began + (i + k / PAGES) * period
            time.sleep(max(0.0, due - time.monotonic()))
            times.append(ask(port))
        times.sort()
        with open("/proc/loadavg", encoding="ascii") as f:
            load = f.read().split()[0]
        forks_now, switches_now = stat("processes"), stat("ctxt")
        print("%d,%.2f,%.2f,%s,%d,%d,%d,%d" % (
            round(i * period), (times[4] + times[5]) / 2, times[-1], load,
            kib("/proc/meminfo", "MemAvailable"), kib("/proc/self/status", "VmRSS"),
            forks_now - forks, switches_now - switches), flush=True)
        forks, switches = forks_now, switches_now
    server.shutdown()


main()

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["GREETING"].encode())


print(os.environ["GREETING"], flush=True)
HTTPServer(("0.0.0.0", 8080), Handler).serve_forever()

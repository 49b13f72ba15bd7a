"""The pages: server-rendered templates and small modules, over the same store and the same `/v1` routes as clients.

One area is one module here (`router`, `NAV`), with its templates, one static module and one file of words; `site` lists
the areas. `session` says who is there, `security` guards, `words` speaks, `render` draws.
"""

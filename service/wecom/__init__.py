"""WeCom (企业微信): message crypto, message XML and what a rep answers in the chat. Pure functions; no SQL, no HTTP.

crypto     envelopes: signature, AES-256-CBC, receive id, age
xml        the XML inside and around them
callback   the two together: what the callback route calls
chat       the rep's answers, and the numbered list that asks for them
"""

"""WeCom (企业微信): message crypto, message XML, what a rep answers in the chat; no SQL. All but `api` is pure.

crypto     envelopes: signature, AES-256-CBC, receive id, age
xml        the XML inside and around them
callback   the two together: what the callback route calls
chat       what a rep answers to the numbered list
reply      the text of that list
cards      the same as a card with buttons
api        sending texts and cards, the only part that opens a connection
"""

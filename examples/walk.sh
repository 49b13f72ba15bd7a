#!/usr/bin/env bash
# The walk by curl: store a note, confirm it, read the value and where it comes from.
# Needs a running service:  FIELDNOTE_KEY=fn_… [FIELDNOTE_URL=http://127.0.0.1:8000] examples/walk.sh
set -euo pipefail
url=${FIELDNOTE_URL:-http://127.0.0.1:8000}
auth="Authorization: Bearer $FIELDNOTE_KEY"
json="Content-Type: application/json"
field() { python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }
call() { curl --silent --show-error --fail-with-body "$@"; }

echo "1 存一条笔记"
answer=$(call -X POST "$url/v1/extractions" -H "$auth" -H "$json" -H "Idempotency-Key: walk-1" -d '{
  "note": {"id": "walk-1", "text": "王总说要等财政拨款，下周三带样品上门", "sent_at": "2026-03-18T10:20:00+08:00",
           "author": "小李", "customer": "恒力机械"}}')
id=$(field "['id']" <<<"$answer")
source=$(python3 -c "import json, sys
print(next(f['suggestion_id'] for f in json.load(sys.stdin)['fields'] if f['field'] == 'budget_source'))" <<<"$answer")
echo "抽取 $id，建议 $source"

echo "2 确认预算来源"
call -X POST "$url/v1/extractions/$id/decisions" -H "$auth" -H "$json" -H "Idempotency-Key: walk-2" \
  -d "{\"decisions\": [{\"suggestion_id\": \"$source\", \"action\": \"confirm\"}]}" | field "['version']"

echo "3 现在确认的值"
customer=%E6%81%92%E5%8A%9B%E6%9C%BA%E6%A2%B0
call "$url/v1/customers/$customer/fields" -H "$auth" | field "['fields']"

echo "4 它从哪里来"
call "$url/v1/customers/$customer/fields/budget_source/lineage" -H "$auth" | field "['nodes']"

"""How a case of a peer's suite is judged, and our values in the form the suite uses.

A case passes when every expected item is met by one of the same type whose span overlaps and whose value equals the
expected one or an alternative of the suite. Day-grain bounds compare by date, clock-grain bounds by minute.
"""

from __future__ import annotations

import datetime as dt
import re

DAY = dt.timedelta(days=1)


def parse_dt(x):
    """-> (kind, value): 'none', 'date', 'dt', 'clock'"""
    if x in (None, "", "inf", "-inf"):
        return "none", None
    if isinstance(x, dt.datetime):
        return "dt", x.replace(tzinfo=None)
    if isinstance(x, dt.date):
        return "date", x
    x = str(x).strip().replace(" ", "T")
    m = re.fullmatch(r"T?(\d{1,2}):(\d\d)(?::(\d\d))?", x)
    if m:
        return "clock", (int(m[1]) % 24, int(m[2]), int(m[3] or 0))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", x):
        return "date", dt.date.fromisoformat(x)
    try:
        x = re.sub(r"(Z|[+-]\d\d:?\d\d)$", "", x)
        if "T24:" in x:
            d = dt.date.fromisoformat(x[:10]) + DAY
            return "dt", dt.datetime.combine(d, dt.time(0))
        return "dt", dt.datetime.fromisoformat(x)
    except ValueError:
        return "none", None


def as_date(k, v):
    return v if k == "date" else v.date() if k == "dt" else None


def clock_of(k, v):
    return v if k == "clock" else (v.hour, v.minute, v.second) if k == "dt" else None


def last_days(k, v, rule):
    """set of days that may be the last day meant by an end bound"""
    if k == "date" or (k == "dt" and (v.hour, v.minute, v.second) == (0, 0, 0)):
        d = as_date(k, v)
        return {"exclusive": {d - DAY}, "inclusive": {d}}.get(rule, {d, d - DAY})
    return {v.date()} if k == "dt" else set()


def minutes(k, v):
    """set of minutes an end clock may mean: 12:10:59 -> 12:10 or 12:11"""
    if k == "dt":
        b = v.replace(second=0, microsecond=0)
        return {b, b + dt.timedelta(minutes=1)} if v.second == 59 else {b}
    h, m, s = v
    return {(h, m), ((h + (m + 1) // 60) % 24, (m + 1) % 60)} if s == 59 else {(h, m)}


def eq_time(e, s, ref, end_rule, sys_rule):
    ek, ev = parse_dt(e.get("start"))
    fk, fv = parse_dt(e.get("end"))
    sk, sv = parse_dt(s.get("start") or s.get("value"))
    tk, tv = parse_dt(s.get("end"))
    refday = ref.date() if ref else None

    def is_ref(k, v):
        return k == "none" or as_date(k, v) == refday

    clock = e.get("grain") == "clock" or ek == "clock" or fk == "clock"
    # ---- start
    if e.get("start_is_reference") or ek == "none":
        if not is_ref(sk, sv):
            return False
    elif clock and ek == "clock":
        c = clock_of(sk, sv)
        if c is None or c[:2] != ev[:2] or (ev[2] and c[2] != ev[2]):
            return False
    elif clock and ek == "dt":
        if sk != "dt" or sv.replace(second=0, microsecond=0) != ev.replace(second=0, microsecond=0):
            return False
        if ev.second and sv.second != ev.second:
            return False
    elif as_date(sk, sv) != as_date(ek, ev) or sk == "none":
        return False
    # ---- end
    if e.get("point") and (clock or tk == "none"):
        return True
    if e.get("end_is_reference"):
        return is_ref(tk, tv)
    if fk == "none":
        return is_ref(tk, tv) or (e.get("point") and True)
    if tk == "none":
        return False
    if fk == "clock" or (clock and fk == "dt"):
        a = minutes(fk, fv)
        if fk == "clock":
            c = clock_of(tk, tv)
            return c is not None and bool(a & minutes("clock", c))
        if tk == "date":
            tk, tv = "dt", dt.datetime.combine(tv, dt.time(0))
        return tk == "dt" and bool(a & minutes(tk, tv))
    rule = e.get("end_rule") or end_rule or "exclusive"
    return bool(last_days(fk, fv, rule) & last_days(tk, tv, sys_rule))


UNIT_S = {"S": 1, "M": 60, "H": 3600}
UNIT_D = {"D": 86400, "W": 604800, "M": 30 * 86400, "Y": 365 * 86400}


def iso_seconds(p):
    m = re.fullmatch(r"P((?:[\d.]+[YMWD])*)(?:T((?:[\d.]+[HMS])*))?", p or "")
    if not m:
        return None
    return sum(float(a) * UNIT_D[b] for a, b in re.findall(r"([\d.]+)([YMWD])", m[1])) + sum(
        float(a) * UNIT_S[b] for a, b in re.findall(r"([\d.]+)([HMS])", m[2] or "")
    )


def secs(v):
    for k in ("seconds", "period_seconds"):
        if v.get(k) is not None:
            return float(v[k])
    for k in ("duration", "period"):
        if v.get(k):
            return iso_seconds(v[k])
    return None


def near(a, b, rel=1e-9):
    if a is None or b is None:
        return a is None and b is None
    try:
        return abs(float(a) - float(b)) <= rel * max(abs(float(a)), abs(float(b))) + 1e-12
    except (TypeError, ValueError):
        return False


def eq_secs(a, b):
    # a month is 30 to 31 days and a year 365 to 366 days: 2 % from 28 days up
    return near(a, b, 0.02 if (a or 0) >= 28 * 86400 else 1e-6)


def eq_duration(e, s):
    if "min" in e:
        return "min" in s and all(eq_secs(secs(e[k] or {}), secs(s.get(k) or {})) for k in ("min", "max"))
    if e.get("workdays"):
        return near(e["workdays"], s.get("workdays"))
    return "min" not in s and secs(s) is not None and eq_secs(secs(e), secs(s))


SI = {}
for f, names in {
    (1e3, "g"): "kg kilogram 公斤 千克",
    (1, "g"): "g gram gramme 克",
    (1e-3, "g"): "mg milligram 毫克",
    (500, "g"): "jin 斤 市斤",
    (50, "g"): "liang 两",
    (1e6, "g"): "t ton|metric ton 吨",
    (1, "m"): "m meter metre 米 公尺",
    (1e3, "m"): "km kilometer kilometre 公里 千米",
    (0.01, "m"): "cm centimeter centimetre 厘米 公分",
    (1e-3, "m"): "mm millimeter millimetre 毫米",
    (0.3048, "m"): "foot feet 英尺",
    (0.0254, "m"): "inch 英寸",
    (1609.344, "m"): "mile 英里",
    (1, "l"): "l liter litre 升 公升",
    (1e-3, "l"): "ml milliliter millilitre 毫升",
    (3.785411784, "l"): "gallon 加仑",
}.items():
    for n in names.replace("|", " | ").split():
        if n != "|":
            SI[n] = f
SI["metric ton"] = (1e6, "g")


def base(v, key):
    x = v.get(key)
    u = str(v.get("unit") or "").lower()
    if x is not None and u in SI:
        return x * SI[u][0], SI[u][1]
    return x, u


def eq_measure(e, s):
    for k in ("value", "min", "max"):
        (a, ua), (b, ub) = base(e, k), base(s, k)
        if not near(a, b, 1e-6):
            return False
        if a is not None and ua in ("g", "m", "l") and ub in ("g", "m", "l") and ua != ub:
            return False
    return True


CUR_ANY = (None, "GENERIC")


def eq_money(e, s):
    if any(
        not near(e.get(k), s.get(k), 1e-6)
        and not (e.get(k) is not None and s.get(k) is not None and abs(e[k] - s[k]) < 0.005)
        for k in ("value", "min", "max")
        if k in e or k == "value"
    ):
        # a "blur" single value or a one-sided bound may be given either way
        b = [e.get(k) for k in ("value", "min", "max") if e.get(k) is not None]
        c = [s.get(k) for k in ("value", "min", "max") if s.get(k) is not None]
        if not (len(b) == len(c) == 1 and near(b[0], c[0], 1e-6)):
            return False
    a, c = e.get("currency"), s.get("currency")
    return a in CUR_ANY or c in CUR_ANY or a == c


def digits(x):
    return re.sub(r"\D", "", str(x or ""))


def eq_value(kind, e, s, ref, end_rule, sys_rule):
    s = s or {}
    if kind == "time":
        return eq_time(e, s, ref, end_rule, sys_rule)
    if kind == "duration":
        return eq_duration(e, s)
    if kind == "recurrence":
        a, b = secs(e), secs(s)
        return a is not None and b is not None and eq_secs(a, b)
    if kind in ("number", "percentage", "ordinal"):
        return near(e.get("value"), s.get("value"), 1e-6)
    if kind == "numberrange":
        return near(e.get("min"), s.get("min"), 1e-6) and near(e.get("max"), s.get("max"), 1e-6)
    if kind == "money":
        return eq_money(e, s)
    if kind == "phone":
        return digits(e.get("value")) == digits(s.get("value"))
    if kind in ("dimension", "age", "temperature"):
        return eq_measure(e, s)
    if kind == "location":
        return all(e.get(k) == s.get(k) for k in ("province", "city", "county"))
    return e == s


def overlap(e, o):
    if e.get("start") is None or o.get("start") is None or o.get("end") is None:
        return True
    return e["start"] < o["end"] and o["start"] < e["end"]


def passes(c, out, ref, sys_rule):
    # one output may serve one expected item only
    used, ok = set(), True
    if not c["expected"]:
        return not any(o.get("type") == c["kind"] for o in out)
    for e in c["expected"]:
        cands = e.get("alternatives") or [e["value"]]
        hit = None
        for i, o in enumerate(out):
            if i in used or o.get("type") != e["type"]:
                continue
            if c["check"] == "span":
                good = (
                    (o.get("start"), o.get("end")) == (e["start"], e["end"])
                    if e["start"] is not None
                    else c["text"][o["start"] : o["end"]] == e["text"]
                )
            elif not e["value"]:
                good = overlap(e, o)
            else:
                good = overlap(e, o) and any(
                    eq_value(e["type"], a, o.get("value"), ref, c.get("end_rule"), sys_rule) for a in cands
                )
            if good:
                hit = i
                break
        if hit is None:
            ok = False
        else:
            used.add(hit)
    return ok


UNITS = {"DAILY": 86400, "WEEKLY": 604800, "MONTHLY": 30 * 86400, "YEARLY": 365 * 86400, "HOURLY": 3600, "MINUTELY": 60}


def one(m):
    t, v = m["type"], m.get("value") or {}
    lo, hi = v.get("min"), v.get("max")
    both = v.get("value") if "value" in v else (lo if lo == hi else None)
    span = {"start": m["start"], "end": m["end"]}
    out = []
    if t == "time":
        out.append({"type": "time", **span, "value": {"start": v.get("start"), "end": v.get("end")}})
    elif t == "duration":
        d = {"duration": v.get("iso")} if v.get("iso") else {"seconds": v.get("seconds")}
        if v.get("min") is not None and v.get("max") is not None and v["min"] != v["max"]:
            d = {k: {"seconds": v[k]} if isinstance(v[k], (int, float)) else {"duration": v[k]} for k in ("min", "max")}
        out.append({"type": "duration", **span, "value": d})
    elif t == "recurrence":
        r = dict(x.split("=", 1) for x in (v.get("rrule") or "").replace("RRULE:", "").split(";") if "=" in x)
        s = UNITS.get(r.get("FREQ"))
        out.append({"type": "recurrence", **span, "value": {"period_seconds": s and s * int(r.get("INTERVAL", 1))}})
    elif t == "percent":
        if both is not None:
            out.append({"type": "percentage", **span, "value": {"value": both * 100}})
    elif t in ("number",):
        if both is not None:
            out.append({"type": "number", **span, "value": {"value": both}})
            out.append({"type": "ordinal", **span, "value": {"value": both}})
        else:
            out.append({"type": "numberrange", **span, "value": {"min": lo, "max": hi}})
    elif t == "money":
        val = {"currency": v.get("currency")}
        val.update({"value": both} if both is not None else {"min": lo, "max": hi})
        out.append({"type": "money", **span, "value": val})
    elif t == "quantity":
        val = {"unit": v.get("unit")}
        val.update({"value": both} if both is not None else {"min": lo, "max": hi})
        out.append({"type": "dimension", **span, "value": val})
    elif t == "phone":
        out.append({"type": "phone", **span, "value": {"value": (v.get("digits") or "") + (v.get("extension") or "")}})
    return out

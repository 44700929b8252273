-- Wireshark dissector of MIKEY-IBAKE (RFC 6267) with opaque nonces: the payloads that Wireshark's own MIKEY dissector
-- does not know (IBAKE 22, ESK 23, SK 24, ECCPT 25), IDR and RANDR (RFC 6043), and the envelope of the encrypted data
-- (src/crypto/ibe/envelope.ts). It stands beside Wireshark's own, for data types 19 to 25, in SDP and on UDP port 2269.
-- "halfkey_plaintext" dissects the plaintext of an IBAKE or ESK payload, given as a packet of its own (Decode As, DLT user).
-- What the project's decoder refuses as broken is an expert info here, and never a Lua error. It holds no key, decrypts
-- nothing, and judges no order of payloads.

local message = Proto("halfkey", "MIKEY-IBAKE")
local plaintext = Proto("halfkey_plaintext", "MIKEY-IBAKE plaintext")

local PAYLOADS = {
  [0] = "last payload", [1] = "KEMAC", [2] = "PKE", [3] = "DH", [4] = "SIGN", [5] = "T", [6] = "ID", [7] = "CERT",
  [8] = "CHASH", [9] = "V", [10] = "SP", [11] = "RAND", [12] = "ERR", [13] = "TR", [14] = "IDR", [15] = "RANDR",
  [16] = "TP", [17] = "TICKET", [20] = "Key data", [21] = "Gen.Ext", [22] = "IBAKE", [23] = "ESK", [24] = "SK",
  [25] = "ECCPT", [26] = "SAKKE",
}
local DATA_TYPES = {
  [19] = "REQUEST_KEY_PSK", [20] = "REQUEST_KEY_PKE", [21] = "REQUEST_KEY_RESP", [22] = "I_MESSAGE_1",
  [23] = "R_MESSAGE_1", [24] = "I_MESSAGE_2", [25] = "R_MESSAGE_2",
}
local ID_ROLES = {
  [1] = "initiator", [2] = "responder", [3] = "KMS", [4] = "pre-shared key", [5] = "application",
  [6] = "initiator's KMS", [7] = "responder's KMS",
}
local ID_TYPES = { [0] = "NAI", [1] = "URI", [2] = "byte string" }
local RAND_ROLES = { [1] = "initiator", [2] = "responder", [3] = "KMS", [240] = "NSK", [241] = "challenge" }
local CURVES = { [8] = "P-256", [11] = "P-384", [14] = "P-521" }
local KV = { [0] = "null", [1] = "SPI", [2] = "interval" }

local f = {
  data_type = ProtoField.uint8("halfkey.data_type", "Data type", base.DEC, DATA_TYPES),
  csb_id = ProtoField.uint32("halfkey.csb_id", "CSB ID", base.HEX),
  payload = ProtoField.none("halfkey.payload", "Payload"),
  next_payload = ProtoField.uint8("halfkey.next_payload", "Next payload", base.DEC, PAYLOADS),
  idr_role = ProtoField.uint8("halfkey.idr.role", "ID role", base.DEC, ID_ROLES),
  idr_type = ProtoField.uint8("halfkey.idr.type", "ID type", base.DEC, ID_TYPES),
  idr_length = ProtoField.uint16("halfkey.idr.length", "ID length"),
  idr_data = ProtoField.string("halfkey.idr.data", "ID"),
  randr_role = ProtoField.uint8("halfkey.randr.role", "RAND role", base.DEC, RAND_ROLES),
  randr_length = ProtoField.uint8("halfkey.randr.length", "RAND length"),
  randr_value = ProtoField.bytes("halfkey.randr.value", "RAND (opaque)"),
  encrypted_length = ProtoField.uint16("halfkey.encrypted.length", "Encrypted data length"),
  encrypted = ProtoField.bytes("halfkey.encrypted", "Encrypted data (LiIbeEnvelope)"),
  version = ProtoField.uint8("halfkey.envelope.version", "Version"),
  ibe_alg = ProtoField.string("halfkey.envelope.ibe_alg", "IBE algorithm"),
  serial = ProtoField.uint64("halfkey.envelope.serial", "District serial"),
  not_before = ProtoField.string("halfkey.envelope.not_before", "Key epoch (notBefore)"),
  kem = ProtoField.bytes("halfkey.envelope.kem", "Key encapsulation (BFCiphertextBlock)"),
  kem_version = ProtoField.uint8("halfkey.kem.version", "Version"),
  kem_x = ProtoField.bytes("halfkey.kem.u.x", "U.x"),
  kem_y = ProtoField.bytes("halfkey.kem.u.y", "U.y"),
  kem_v = ProtoField.bytes("halfkey.kem.v", "V"),
  kem_w = ProtoField.bytes("halfkey.kem.w", "W"),
  dem = ProtoField.bytes("halfkey.envelope.dem", "Data encapsulation"),
  dem_tag = ProtoField.bytes("halfkey.envelope.tag", "AES-GCM tag"),
  curve = ProtoField.uint8("halfkey.eccpt.curve", "ECC curve", base.DEC, CURVES),
  point = ProtoField.bytes("halfkey.eccpt.point", "ECC point"),
  pad = ProtoField.bytes("halfkey.eccpt.pad", "Pad"),
  auth_alg = ProtoField.uint8("halfkey.eccpt.auth_alg", "Authentication algorithm (ignored)"),
  tgk_length = ProtoField.uint16("halfkey.eccpt.tgk_length", "TGK length (ignored)"),
  eccpt_kv = ProtoField.uint8("halfkey.eccpt.kv", "KV", base.DEC, KV),
  sk_type = ProtoField.uint8("halfkey.sk.type", "Key type", base.DEC, { [1] = "SK" }, 0xf0),
  sk_kv = ProtoField.uint8("halfkey.sk.kv", "KV", base.DEC, KV, 0x0f),
  sk_length = ProtoField.uint16("halfkey.sk.length", "Key data length"),
  sk_key = ProtoField.bytes("halfkey.sk.key", "Key data"),
  spi_length = ProtoField.uint8("halfkey.kv.spi_length", "SPI length"),
  spi = ProtoField.bytes("halfkey.kv.spi", "SPI"),
  from_length = ProtoField.uint8("halfkey.kv.from_length", "VF length"),
  from = ProtoField.bytes("halfkey.kv.from", "Valid from"),
  to_length = ProtoField.uint8("halfkey.kv.to_length", "VT length"),
  to = ProtoField.bytes("halfkey.kv.to", "Valid to"),
}
local all = {}
for _, field in pairs(f) do all[#all + 1] = field end
message.fields = all
local malformed = ProtoExpert.new("halfkey.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
message.experts = { malformed }

-- A cursor over octets `offset` to `stop` of a tvb. It never reads behind `stop`: it raises a refusal, which is a table,
-- so that no mistake of this file is ever taken for a broken message.

local Reader = {}
Reader.__index = Reader

local function reader(tvb, offset, stop)
  return setmetatable({ tvb = tvb, offset = offset, stop = stop }, Reader)
end

local function refuse(offset, what)
  error({ offset = offset, what = what }, 0)
end

-- Moves over `length` octets; adds them to `tree` as `field`, with `value` where the octets do not say it themselves.
function Reader:take(length, what, tree, field, value)
  local at = self.offset
  if length > self.stop - at then refuse(at, what .. " runs past the end") end
  self.offset = at + length
  if length == 0 then return nil end
  local range = self.tvb:range(at, length)
  local item
  if tree then
    if value == nil then item = tree:add(field, range) else item = tree:add(field, range, value) end
  end
  return range, item
end

function Reader:uint(length, what, tree, field)
  return self:take(length, what, tree, field):uint()
end

-- A length of `octets` octets, and what it counts.
function Reader:sized(octets, what, tree, length_field, field)
  local length = self:uint(octets, what .. " length", tree, length_field)
  return self:take(length, what, tree, field)
end

-- DER (X.690 10): one element with this tag, length in the fewest octets; a reader of its contents.

local TAG = { integer = 0x02, octets = 0x04, oid = 0x06, time = 0x18, sequence = 0x30 }

function Reader:element(tag, what)
  local at = self.offset
  if self:uint(1, what) ~= tag then refuse(at, what .. " has another tag") end
  local length = self:uint(1, what)
  if length >= 0x80 then
    local count = length - 0x80
    if count == 0 or count > 4 then refuse(at, what .. " has an indefinite or oversized length") end
    length = self:uint(count, what)
    if length < 0x80 or length < 256 ^ (count - 1) then refuse(at, what .. " has a length that is not minimal") end
  end
  local contents = self.offset
  self:take(length, what)
  return reader(self.tvb, contents, contents + length)
end

function Reader:rest(what, tree, field, value)
  return self:take(self.stop - self.offset, what, tree, field, value)
end

function Reader:finish(what)
  if self.offset < self.stop then refuse(self.offset, "octets after " .. what) end
end

-- A non-negative INTEGER without a needless zero; `value_of` makes a number of its octets.
function Reader:integer(what, tree, field, value_of)
  local at = self.offset
  local contents = self:element(TAG.integer, what)
  local length = contents.stop - contents.offset
  if length == 0 then refuse(at, what .. " has no octets") end
  local range = self.tvb:range(contents.offset, length)
  local first = range:range(0, 1):uint()
  if first > 0x7f then refuse(at, what .. " is negative") end
  if first == 0 and length > 1 and range:range(1, 1):uint() < 0x80 then refuse(at, what .. " has a needless zero") end
  if value_of then tree:add(field, range, value_of(range, at)) else tree:add(field, range) end
  return range
end

local function small(what)
  return function(range, at)
    if range:len() > 1 then refuse(at, what .. " is too large") end
    return range:uint()
  end
end

local function serial_value(range, at)
  if range:len() > 8 then refuse(at, "serial is not below 2^63") end
  return range:uint64()
end

local function oid_text(range, at)
  local arcs, arc, fresh = {}, 0, true
  for i = 0, range:len() - 1 do
    local octet = range:range(i, 1):uint()
    if fresh and octet == 0x80 then refuse(at, "an arc has a needless leading octet") end
    arc = arc * 128 + octet % 128
    fresh = octet < 0x80
    if fresh then
      if #arcs == 0 then
        local root = math.min(math.floor(arc / 40), 2)
        arcs = { string.format("%.0f", root), string.format("%.0f", arc - root * 40) }
      else
        arcs[#arcs + 1] = string.format("%.0f", arc)
      end
      arc = 0
    end
  end
  if not fresh or #arcs == 0 then refuse(at, "ibeAlg ends inside an arc") end
  return table.concat(arcs, ".")
end

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_moment(text)
  local y, mo, d, h, mi, s = text:match("^(%d%d%d%d)(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)Z$")
  if not y then return false end
  y, mo, d = tonumber(y), tonumber(mo), tonumber(d)
  local leap = mo == 2 and y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0)
  if mo < 1 or mo > 12 or d < 1 or d > DAYS[mo] + (leap and 1 or 0) then return false end
  return tonumber(h) < 24 and tonumber(mi) < 60 and tonumber(s) < 60
end

local BONEH_FRANKLIN = "2.16.840.1.114334.1.1.2.1"

local function kem(r, tree)
  local block = r:element(TAG.sequence, "kem")
  local item = tree:add(f.kem, r.tvb:range(block.offset, block.stop - block.offset))
  local at = block.offset
  if block:integer("kem version", item, f.kem_version, small("kem version")):uint() ~= 2 then
    refuse(at, "kem version is not 2")
  end
  local u = block:element(TAG.sequence, "U")
  u:integer("U.x", item, f.kem_x)
  u:integer("U.y", item, f.kem_y)
  u:finish("U")
  block:element(TAG.octets, "V"):rest("V", item, f.kem_v)
  block:element(TAG.octets, "W"):rest("W", item, f.kem_w)
  block:finish("kem")
end

-- LiIbeEnvelope ::= SEQUENCE { version 1, ibeAlg, serial, notBefore, kem BFCiphertextBlock, dem OCTET STRING }
local function envelope(r, tree)
  local e = r:element(TAG.sequence, "the envelope")
  r:finish("the envelope")
  local at = e.offset
  if e:integer("version", tree, f.version, small("version")):uint() ~= 1 then refuse(at, "version is not 1") end
  at = e.offset
  local oid = e:element(TAG.oid, "ibeAlg")
  if oid.offset == oid.stop then refuse(at, "ibeAlg has no octets") end
  local text = oid_text(e.tvb:range(oid.offset, oid.stop - oid.offset), at)
  oid:rest("ibeAlg", tree, f.ibe_alg, text)
  if text ~= BONEH_FRANKLIN then refuse(at, "ibeAlg is not Boneh-Franklin") end
  e:integer("serial", tree, f.serial, serial_value)
  at = e.offset
  local time = e:element(TAG.time, "notBefore"):rest("notBefore", tree, f.not_before)
  if not time or not is_moment(time:raw()) then refuse(at, "notBefore is not YYYYMMDDHHMMSSZ") end
  kem(e, tree)
  at = e.offset
  local dem = e:element(TAG.octets, "dem")
  if dem.stop - dem.offset < 16 then refuse(at, "dem is shorter than its tag") end
  dem:take(dem.stop - dem.offset - 16, "dem", tree, f.dem)
  dem:rest("tag", tree, f.dem_tag)
  e:finish("dem")
end

-- Key validity (RFC 3830 6.14), whose number stood at `at`.
local function key_validity(r, kv, at, tree)
  if kv == 1 then
    r:sized(1, "SPI", tree, f.spi_length, f.spi)
  elseif kv == 2 then
    r:sized(1, "valid from", tree, f.from_length, f.from)
    r:sized(1, "valid to", tree, f.to_length, f.to)
  elseif kv ~= 0 then
    refuse(at, "KV is not defined")
  end
end

-- What `values` has for the next octet.
local function defined(r, values, what, tree, field)
  local at = r.offset
  local value = values[r:uint(1, what, tree, field)]
  if not value then refuse(at, what .. " is not defined here") end
  return value
end

local function opaque(r, length_octets, before)
  r:take(before, "fields before a length")
  r:take(r:uint(length_octets, "length"), "data")
end

local POINTS = { [8] = 65, [11] = 97, [14] = 133 }
local MACS = { [0] = 0, [1] = 20, [2] = 32 }

-- What follows the Next-payload octet, by payload: `tree` is there for those of MIKEY-IBAKE, the others are passed over.
-- `context` has the PRF of the message; it is not there in a plaintext.
local BODY = {
  [1] = function(r)
    r:take(1, "encryption algorithm")
    opaque(r, 2, 0)
    r:take(defined(r, MACS, "MAC algorithm"), "MAC")
  end,
  [2] = function(r)
    local at = r.offset
    local word = r:uint(2, "data length")
    if word >= 0xc000 then refuse(at, "cache indicator 3") end
    r:take(word % 0x4000, "data")
  end,
  [3] = function(r)
    r:take(defined(r, { [0] = 192, [1] = 96, [2] = 128 }, "DH group"), "DH value")
    local at = r.offset
    key_validity(r, r:uint(1, "KV"), at)
  end,
  [5] = function(r) r:take(defined(r, { [0] = 8 }, "TS type"), "TS value") end,
  [6] = function(r)
    defined(r, ID_TYPES, "ID type")
    opaque(r, 2, 0)
  end,
  [7] = function(r)
    defined(r, { [0] = true, [1] = true, [2] = true, [3] = true }, "certificate type")
    opaque(r, 2, 0)
  end,
  [8] = function(r) r:take(defined(r, { [0] = 20, [1] = 16, [2] = 32 }, "hash function"), "hash") end,
  [9] = function(r, _, context)
    r:take(defined(r, context.prf == 0 and { [1] = 20 } or { [2] = 32 }, "authentication algorithm"), "V")
  end,
  [10] = function(r)
    r:take(2, "policy number and protocol")
    local length = r:uint(2, "policy parameters length")
    local parameters = reader(r.tvb, r.offset, r.offset + length)
    r:take(length, "policy parameters")
    while parameters.offset < parameters.stop do opaque(parameters, 1, 1) end
  end,
  [11] = function(r)
    local at = r.offset
    local length = r:uint(1, "RAND length")
    r:take(length, "RAND")
    if length < 16 then refuse(at, "RAND is shorter than 16 octets") end
  end,
  [12] = function(r)
    r:take(1, "error number")
    local at = r.offset
    if r:uint(2, "reserved") ~= 0 then refuse(at, "the reserved octets are not zero") end
  end,
  [13] = function(r)
    defined(r, { true, true, true, true }, "TS role")
    r:take(defined(r, { [0] = 8, [1] = 8, [2] = 4, [3] = 4 }, "TS type"), "TS value")
  end,
  [14] = function(r, tree)
    defined(r, ID_ROLES, "ID role", tree, f.idr_role)
    defined(r, ID_TYPES, "ID type", tree, f.idr_type)
    r:sized(2, "ID", tree, f.idr_length, f.idr_data)
  end,
  [15] = function(r, tree)
    r:take(1, "RAND role", tree, f.randr_role)
    r:sized(1, "RAND", tree, f.randr_length, f.randr_value)
  end,
  [20] = function(r)
    local at = r.offset
    local octet = r:uint(1, "type and KV")
    if octet >= 0x80 then refuse(at, "the key data type is not defined") end
    opaque(r, 2, 0)
    local type = math.floor(octet / 16)
    if type < 6 and type % 2 == 1 then opaque(r, 2, 0) end
    key_validity(r, octet % 16, at)
  end,
  [21] = function(r)
    local type = r:uint(1, "type")
    local length = r:uint(2, "length")
    local data = reader(r.tvb, r.offset, r.offset + length)
    r:take(length, "data")
    -- Key ID (RFC 4563 4) has parts of its own.
    while type == 3 and data.offset < data.stop do opaque(data, 1, 1) end
  end,
  [24] = function(r, tree)
    local at = r.offset
    local octet = r:uint(1, "type and KV", tree, f.sk_type)
    tree:add(f.sk_kv, r.tvb:range(at, 1))
    if math.floor(octet / 16) ~= 1 then refuse(at, "the key type is not SK") end
    r:sized(2, "key data", tree, f.sk_length, f.sk_key)
    key_validity(r, octet % 16, at, tree)
  end,
  [25] = function(r, tree)
    local length = defined(r, POINTS, "ECC curve", tree, f.curve)
    local at = r.offset
    local point = r:take(length, "ECC point", tree, f.point)
    if point:range(0, 1):uint() ~= 4 then refuse(at, "the point is not in uncompressed form") end
    at = r.offset
    local pad = r:take(-(2 + length) % 4, "pad", tree, f.pad)
    if pad and pad:bytes():tohex():find("[^0]") then refuse(at, "the pad is not zero") end
    r:take(1, "authentication algorithm", tree, f.auth_alg)
    r:take(2, "TGK length", tree, f.tgk_length)
    at = r.offset
    key_validity(r, r:uint(1, "KV", tree, f.eccpt_kv), at, tree)
  end,
}

local function encrypted(r, tree)
  local length = r:uint(2, "encrypted data length", tree, f.encrypted_length)
  local contents = reader(r.tvb, r.offset, r.offset + length)
  local _, item = r:take(length, "encrypted data", tree, f.encrypted)
  return contents, item
end

local CLEAR = {
  [1] = true, [2] = true, [3] = true, [4] = true, [5] = true, [6] = true, [7] = true, [8] = true, [9] = true,
  [10] = true, [11] = true, [12] = true, [13] = true, [14] = true, [15] = true, [21] = true, [22] = true, [23] = true,
}
local INNER = { [14] = true, [15] = true, [20] = true, [21] = true, [24] = true, [25] = true }
local SHOWN = { [14] = true, [15] = true, [22] = true, [23] = true, [24] = true, [25] = true }

-- Payloads until one names 0; nothing may follow it. What is in envelopes is looked at behind them: `envelopes` collects.
local function chain(r, next, admitted, tree, context, envelopes)
  local named_at = context.named_at
  while next ~= 0 do
    if not admitted[next] then refuse(named_at, "payload " .. next .. " may not stand here") end
    local at, kind = r.offset, next
    named_at = at
    local item
    if SHOWN[kind] then
      if at >= r.stop then refuse(at, PAYLOADS[kind] .. " runs past the end") end
      item = tree:add(f.payload, r.tvb:range(at, 1)):set_text(PAYLOADS[kind])
    end
    if kind == 4 then -- SIGN alone has no Next payload
      local word = r:uint(2, "signature length")
      if word >= 0x2000 then refuse(at, "the signature type is not defined") end
      r:take(word % 0x1000, "signature")
      next = 0
    else
      next = r:uint(1, "next payload", item, f.next_payload)
      if kind == 9 and next ~= 0 then refuse(at, "V is the last payload") end
      if kind == 22 or kind == 23 then
        local contents, part = encrypted(r, item)
        envelopes[#envelopes + 1] = { contents = contents, tree = part or item }
      else
        BODY[kind](r, item, context)
      end
    end
    if item then item:set_len(r.offset - at) end
  end
  r:finish("the last payload")
end

local function cs_map(r)
  local count = r:uint(1, "#CS")
  local at = r.offset
  local type = r:uint(1, "CS ID map type")
  if type == 0 then
    r:take(9 * count, "CS ID map")
  elseif type == 2 then
    for _ = 1, count do
      r:take(2, "CS")
      r:take(r:uint(1, "#P") % 128, "policies")
      opaque(r, 2, 0)
      opaque(r, 1, 0)
    end
  elseif type ~= 1 then
    refuse(at, "the CS ID map type is not defined")
  end
end

local function whole(r, tree)
  if r:uint(1, "version") ~= 1 then refuse(0, "version is not 1") end
  r:take(1, "data type", tree, f.data_type)
  local context = { named_at = r.offset }
  local next = r:uint(1, "next payload")
  local at = r.offset
  context.prf = r:uint(1, "PRF") % 128
  if context.prf > 1 then refuse(at, "the PRF is not supported") end
  r:take(4, "CSB ID", tree, f.csb_id)
  cs_map(r)
  local envelopes = {}
  chain(r, next, CLEAR, tree, context, envelopes)
  for _, part in ipairs(envelopes) do envelope(part.contents, part.tree) end
end

-- Runs `read`; a refusal becomes an expert info of `tree`, any other error stays one.
local function guarded(tvb, tree, read)
  local ok, refusal = pcall(read, reader(tvb, 0, tvb:len()), tree)
  if ok then return end
  if type(refusal) ~= "table" then error(refusal, 0) end
  tree:add_proto_expert_info(malformed, string.format("%s (octet %d)", refusal.what, refusal.offset))
end

function message.dissector(tvb, _, tree)
  guarded(tvb, tree:add(message, tvb:range(0, tvb:len())), whole)
end

function plaintext.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = "MIKEY-IBAKE"
  -- The first payload is not announced: it is an IDR.
  local item = tree:add(plaintext, tvb:range(0, tvb:len()))
  guarded(tvb, item, function(r) chain(r, 14, INNER, item, { named_at = 0 }, {}) end)
  return tvb:len()
end

-- Wireshark's own dissector first, then this one.
local function beside(table_name, key)
  local dissectors = DissectorTable.get(table_name)
  local own = Dissector.get("mikey")
  local both = Proto("halfkey_" .. table_name:gsub("%W", "_"), "MIKEY, then MIKEY-IBAKE, by " .. table_name)
  function both.dissector(tvb, pinfo, tree)
    local ours = tvb:len() > 1 and DATA_TYPES[tvb:range(1, 1):uint()]
    -- Where Wireshark's own gives up it has said so in the tree.
    pcall(own.call, own, tvb, pinfo, tree)
    if ours then message.dissector(tvb, pinfo, tree) end
    return tvb:len()
  end
  dissectors:add(key, both)
end

beside("key_mgmt", "mikey")
beside("udp.port", 2269)
DissectorTable.get("udp.port"):add_for_decode_as(plaintext)

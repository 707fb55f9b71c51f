package importer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"math"
	"strconv"
)

// checksum is the number of rows and the sum of their hashes, which is independent of
// their order.
type checksum struct {
	rows int64
	sum  [sha256.Size / 8]uint64
}

// hasher computes row hashes.
type hasher struct {
	hash   hash.Hash
	buffer []byte
}

func newHasher() *hasher { return &hasher{hash: sha256.New()} }

func (h *hasher) add(to *checksum, row []any) {
	to.rows++
	for i, part := range h.row(row) {
		to.sum[i] += part
	}
}

func (h *hasher) remove(from *checksum, row []any) {
	from.rows--
	for i, part := range h.row(row) {
		from.sum[i] -= part
	}
}

func (h *hasher) row(row []any) (parts [sha256.Size / 8]uint64) {
	h.hash.Reset()
	for _, value := range row {
		content := canonical(value)
		h.buffer = append(binary.AppendUvarint(h.buffer[:0], uint64(len(content))), content...)
		h.hash.Write(h.buffer)
	}
	h.buffer = h.hash.Sum(h.buffer[:0])
	for i := range parts {
		parts[i] = binary.BigEndian.Uint64(h.buffer[8*i:])
	}
	return parts
}

// jsonText is a JSON value, compared regardless of whitespace and key order.
type jsonText string

// canonical returns an engine-independent form of a value. PocketBase's fields have no
// null, so null, 0, false and empty are all equal.
func canonical(value any) string {
	switch v := value.(type) {
	case string:
		if v == "0" {
			return ""
		}
		return v
	case []byte:
		return canonical(string(v))
	case int64:
		return canonical(strconv.FormatInt(v, 10))
	case bool:
		if v {
			return "1"
		}
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<63 {
			return canonical(int64(v))
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case jsonText:
		var decoded any
		if json.Unmarshal([]byte(v), &decoded) != nil || decoded == nil {
			return ""
		}
		encoded, err := json.Marshal(decoded)
		if err != nil {
			return string(v)
		}
		return string(encoded)
	}
	return ""
}

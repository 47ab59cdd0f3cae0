package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"sigs.k8s.io/yaml"
)

// document is one document of a YAML or JSON text, see ParsedDocument in src/engine/model/render.ts.
type document struct {
	Value     json.RawMessage `json:"value,omitempty"`
	Index     int             `json:"index"`
	StartLine int             `json:"startLine"`
	EndLine   int             `json:"endLine"`
	Error     *failure        `json:"error,omitempty"`
}

// piece is the text of one document and the 0-based line of the whole text on which it begins.
type piece struct {
	text []byte
	line int
}

// decodeText gives UTF-8 without a byte order mark.
func decodeText(content []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte{0xEF, 0xBB, 0xBF}):
		return content[3:]
	case bytes.HasPrefix(content, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	default:
		return content
	}
	units := make([]uint16, 0, len(content)/2)
	for at := 2; at+1 < len(content); at += 2 {
		units = append(units, order.Uint16(content[at:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// splitDocuments cuts at lines that begin with "---" (YAML 1.2 §9.1.2) or are "..."; a document keeps its own marker line, which may
// carry a comment or content.
func splitDocuments(text []byte) []piece {
	pieces := []piece{}
	start, startLine := 0, 0
	line := 0
	for at := 0; at < len(text); line++ {
		end := bytes.IndexByte(text[at:], '\n')
		next := len(text)
		if end >= 0 {
			next = at + end + 1
		}
		current := text[at:next]
		if isMarker(current, "---") && at > start {
			pieces = append(pieces, piece{text[start:at], startLine})
			start, startLine = at, line
		} else if isMarker(current, "...") {
			pieces = append(pieces, piece{text[start:at], startLine})
			start, startLine = next, line+1
		}
		at = next
	}
	return append(pieces, piece{text[start:], startLine})
}

func isMarker(line []byte, marker string) bool {
	if !bytes.HasPrefix(line, []byte(marker)) {
		return false
	}
	return len(line) == len(marker) || strings.IndexByte(" \t\r\n", line[len(marker)]) >= 0
}

// firstContent is the first line with content, counted from the start of the document.
func firstContent(text []byte) int {
	line := 0
	for current := range bytes.Lines(text) {
		if !isBlank(current) {
			return line
		}
		line++
	}
	return 0
}

// isBlank says whether a document holds nothing but white space, comments, directives and markers.
func isBlank(text []byte) bool {
	for line := range bytes.Lines(text) {
		trimmed := bytes.TrimSpace(line)
		if isMarker(line, "---") {
			trimmed = bytes.TrimSpace(line[3:])
		}
		if len(trimmed) > 0 && trimmed[0] != '#' && trimmed[0] != '%' {
			return false
		}
	}
	return true
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// parseDocuments reads a text as kubectl does: YAML through sigs.k8s.io/yaml (YAML 1.1 scalars), or a stream of JSON values.
func parseDocuments(file string, content []byte) []document {
	text := decodeText(content)
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	if len(trimmed) > 0 && trimmed[0] == '{' {
		if documents, ok := parseJSON(text); ok {
			return documents
		}
	}
	documents := []document{}
	for _, part := range splitDocuments(text) {
		if isBlank(part.text) {
			continue
		}
		one := document{Index: len(documents), StartLine: part.line + firstContent(part.text)}
		one.EndLine = part.line + bytes.Count(bytes.TrimRight(part.text, "\r\n"), []byte{'\n'})
		value, err := yaml.YAMLToJSONStrict(part.text)
		if err != nil {
			one.Error = yamlFailure(file, part, err)
			if one.Error.Warning {
				value, err = yaml.YAMLToJSON(part.text)
			}
		}
		if err == nil {
			one.Value = value
		}
		documents = append(documents, one)
	}
	return documents
}

func yamlFailure(file string, part piece, err error) *failure {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	found := fail("yaml-invalid", file, "%s", message)
	if strings.Contains(message, "already set in map") {
		found = fail("yaml-duplicate-key", file, "%s", message)
		found.Warning = true
	}
	if match := yamlLine.FindStringSubmatchIndex(message); match != nil {
		line, _ := strconv.Atoi(message[match[2]:match[3]])
		found.Line = part.line + line
		found.Message = message[:match[2]] + strconv.Itoa(found.Line) + message[match[3]:]
	} else {
		found.Line = part.line + firstContent(part.text) + 1
	}
	return found
}

// parseJSON reads one or several JSON values; false when the text is not JSON after all (YAML's flow style begins with a brace too).
func parseJSON(text []byte) ([]document, bool) {
	documents := []document{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for decoder.More() {
		start := int(decoder.InputOffset())
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, false
		}
		end := int(decoder.InputOffset())
		start += len(text[start:end]) - len(bytes.TrimLeft(text[start:end], " \t\r\n"))
		documents = append(documents, document{
			Value:     value,
			Index:     len(documents),
			StartLine: bytes.Count(text[:start], []byte{'\n'}),
			EndLine:   bytes.Count(text[:end], []byte{'\n'}),
		})
	}
	return documents, true
}

// flatten gives the items of a List kind, or the object itself.
func flatten(value json.RawMessage) []json.RawMessage {
	var list struct {
		Kind  string            `json:"kind"`
		Items []json.RawMessage `json:"items"`
	}
	if !bytes.Contains(value, []byte(`List"`)) || json.Unmarshal(value, &list) != nil {
		return []json.RawMessage{value}
	}
	if !strings.HasSuffix(list.Kind, "List") || list.Items == nil {
		return []json.RawMessage{value}
	}
	flat := []json.RawMessage{}
	for _, item := range list.Items {
		flat = append(flat, flatten(item)...)
	}
	return flat
}

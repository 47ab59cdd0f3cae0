package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
	"unsafe"
)

// Operations of the host callback, and the first byte of its answers. The TypeScript side is src/upstream/hostCalls.ts.
const (
	opRead   = 1 // bytes of a file
	opList   = 2 // entries of a folder: kind letter and name, each ended by a zero byte
	opKind   = 3 // kind letter of what stands at a path
	opRemote = 4 // what a URL gives: bytes of a file, or the name of a mounted tree

	answerOK     = 0
	answerAbsent = 1
	answerError  = 2 // a failure as JSON

	kindFile        = 'f'
	kindDirectory   = 'd'
	kindUnreachable = 'u'
)

//go:wasmimport plumbline look
func hostLook(op uint32, text unsafe.Pointer, size uint32) uint32

//go:wasmimport plumbline take
func hostTake(into unsafe.Pointer)

// failure is an error with a code of RenderErrorCode.
type failure struct {
	Code     string         `json:"code"`
	Message  string         `json:"message"`
	File     string         `json:"file,omitempty"`
	Line     int            `json:"line,omitempty"`
	Column   int            `json:"column,omitempty"`
	Template string         `json:"template,omitempty"`
	Details  map[string]any `json:"details,omitempty"`
	Warning  bool           `json:"isWarning,omitempty"`
}

func (f *failure) Error() string { return f.Message }

func fail(code, file, format string, arguments ...any) *failure {
	return &failure{Code: code, File: file, Message: fmt.Sprintf(format, arguments...)}
}

// asFailure gives the failure inside an error, or wraps the error under the code.
func asFailure(err error, code string) *failure {
	var found *failure
	if errors.As(err, &found) {
		return found
	}
	return &failure{Code: code, Message: err.Error()}
}

var errAbsent = errors.New("no such file or directory")

// look asks the host. The answer is errAbsent, a *failure, or the payload.
func look(op uint32, text string) ([]byte, error) {
	size := hostLook(op, unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)))
	if size == 0 {
		return nil, fail("read-failed", text, "the host gave no answer for %s", text)
	}
	answer := make([]byte, size)
	hostTake(unsafe.Pointer(unsafe.SliceData(answer)))
	switch answer[0] {
	case answerOK:
		return answer[1:], nil
	case answerAbsent:
		return nil, errAbsent
	default:
		found := &failure{File: text}
		if err := json.Unmarshal(answer[1:], found); err != nil {
			return nil, fail("read-failed", text, "the host's answer for %s is not valid: %s", text, err)
		}
		return nil, found
	}
}

type entry struct {
	name string
	kind byte
}

type looked struct {
	content []byte
	err     error
}

// tree is the source tree of one request: what the host answered is remembered, so that all looks of a request agree.
// Paths are relative, with "/", and "" is the root.
type tree struct {
	files map[string]looked
	kinds map[string]byte // 0: absent
	lists map[string][]entry
	order []string // files in the order of their first reading
	fatal error    // the first failure of the host, which ends the request
}

func newTree() *tree {
	return &tree{files: map[string]looked{}, kinds: map[string]byte{}, lists: map[string][]entry{}}
}

func (t *tree) note(err error) {
	if err != nil && t.fatal == nil && !errors.Is(err, errAbsent) {
		t.fatal = err
	}
}

func (t *tree) read(name string) ([]byte, error) {
	if known, ok := t.files[name]; ok {
		return known.content, known.err
	}
	content, err := look(opRead, name)
	t.note(err)
	t.files[name] = looked{content, err}
	if err == nil {
		t.kinds[name] = kindFile
		t.order = append(t.order, name)
	}
	return content, err
}

func (t *tree) kind(name string) byte {
	if known, ok := t.kinds[name]; ok {
		return known
	}
	answer, err := look(opKind, name)
	t.note(err)
	var kind byte
	if err == nil && len(answer) == 1 {
		kind = answer[0]
	}
	t.kinds[name] = kind
	return kind
}

// list gives the entries of a folder in the order of their names, or errAbsent.
func (t *tree) list(name string) ([]entry, error) {
	if known, ok := t.lists[name]; ok {
		return known, nil
	}
	answer, err := look(opList, name)
	if err != nil {
		t.note(err)
		return nil, err
	}
	entries := []entry{}
	for item := range strings.SplitSeq(string(answer), "\x00") {
		if item != "" {
			entries = append(entries, entry{name: item[1:], kind: item[0]})
			t.kinds[path.Join(name, item[1:])] = item[0]
		}
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].name < entries[j].name })
	t.lists[name] = entries
	t.kinds[name] = kindDirectory
	return entries, nil
}

// remote asks the host for a URL; the host refuses unless the user allowed it.
func (t *tree) remote(kind, url string) ([]byte, error) {
	key := "remote:" + kind + " " + url
	if known, ok := t.files[key]; ok {
		return known.content, known.err
	}
	content, err := look(opRemote, kind+" "+url)
	t.files[key] = looked{content, err}
	return content, err
}

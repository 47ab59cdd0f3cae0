package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	treeMount   = "/tree"
	remoteMount = "/remote"
)

var errReadOnly = errors.New("the source tree is read-only")

// mountedTree is the source tree under /tree as Kustomize's file system. Trees of remote bases are under /remote/<name>; everything
// else does not exist.
type mountedTree struct {
	files *tree
	// rewrite changes a kustomization file before Kustomize sees it
	rewrite func(name string, content []byte) ([]byte, error)
}

// inTree gives the host's name of an absolute path; remote trees keep a leading "/".
func inTree(absolute string) (string, bool) {
	clean := path.Clean(absolute)
	if clean == treeMount {
		return "", true
	}
	if rest, found := strings.CutPrefix(clean, treeMount+"/"); found {
		return rest, true
	}
	return clean, strings.HasPrefix(clean, remoteMount+"/")
}

func (m *mountedTree) kind(absolute string) byte {
	name, known := inTree(absolute)
	if !known {
		return 0
	}
	return m.files.kind(name)
}

func (m *mountedTree) IsDir(name string) bool  { return m.kind(name) == kindDirectory }
func (m *mountedTree) Exists(name string) bool { return m.kind(name) != 0 }

func (m *mountedTree) ReadFile(absolute string) ([]byte, error) {
	name, known := inTree(absolute)
	if !known {
		return nil, &fs.PathError{Op: "open", Path: absolute, Err: fs.ErrNotExist}
	}
	content, err := m.files.read(name)
	if errors.Is(err, errAbsent) {
		return nil, &fs.PathError{Op: "open", Path: absolute, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	return m.rewrite(absolute, content)
}

func (m *mountedTree) ReadDir(absolute string) ([]string, error) {
	name, known := inTree(absolute)
	if !known {
		return nil, &fs.PathError{Op: "open", Path: absolute, Err: fs.ErrNotExist}
	}
	entries, err := m.files.list(name)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for index, one := range entries {
		names[index] = one.name
	}
	return names, nil
}

func (m *mountedTree) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	clean := path.Clean(name)
	switch m.kind(clean) {
	case kindDirectory:
		return filesys.ConfirmedDir(clean), "", nil
	case kindFile:
		return filesys.ConfirmedDir(path.Dir(clean)), path.Base(clean), nil
	default:
		return "", "", &fs.PathError{Op: "lstat", Path: clean, Err: fs.ErrNotExist}
	}
}

func (m *mountedTree) Walk(root string, visit filepath.WalkFunc) error {
	kind := m.kind(root)
	if kind == 0 {
		return visit(root, nil, &fs.PathError{Op: "lstat", Path: root, Err: fs.ErrNotExist})
	}
	err := visit(root, fileInfo{path.Base(root), kind == kindDirectory}, nil)
	if errors.Is(err, filepath.SkipDir) && kind == kindDirectory {
		return nil
	}
	if err != nil || kind != kindDirectory {
		return err
	}
	names, err := m.ReadDir(root)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := m.Walk(path.Join(root, name), visit); err != nil {
			return err
		}
	}
	return nil
}

func (m *mountedTree) Glob(pattern string) ([]string, error) {
	folder, last := path.Split(pattern)
	if strings.ContainsAny(folder, `*?[\`) {
		return nil, fmt.Errorf("wildcards in folders are not supported: %s", pattern)
	}
	names, err := m.ReadDir(path.Clean(folder))
	if err != nil {
		return nil, nil
	}
	found := []string{}
	for _, name := range names {
		matches, err := path.Match(last, name)
		if err != nil {
			return nil, err
		}
		if matches {
			found = append(found, path.Join(folder, name))
		}
	}
	sort.Strings(found)
	return found, nil
}

func (m *mountedTree) Create(string) (filesys.File, error) { return nil, errReadOnly }
func (m *mountedTree) Open(string) (filesys.File, error)   { return nil, errReadOnly }
func (m *mountedTree) Mkdir(string) error                  { return errReadOnly }
func (m *mountedTree) MkdirAll(string) error               { return errReadOnly }
func (m *mountedTree) RemoveAll(string) error              { return errReadOnly }
func (m *mountedTree) WriteFile(string, []byte) error      { return errReadOnly }

// fileInfo is what Walk and Helm's ignore rules ask for.
type fileInfo struct {
	name  string
	isDir bool
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return 0 }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.isDir }
func (i fileInfo) Sys() any           { return nil }
func (i fileInfo) Mode() fs.FileMode {
	if i.isDir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

package main

import (
	"bytes"
	"errors"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"
)

// chartLoader reads a chart from the source tree as Helm's directory loader does, and remembers which file each part comes from.
// Subcharts are loaded one by one, in the order of their names, so that a render does not depend on the order of a map.
type chartLoader struct {
	files *tree
	// sources gives the tree's file of each template and CRD; aliases share these with the chart that they copy
	sources map[*common.File]string
	// wantsAll is set when a template or a value speaks of .Files, or CRDs are wanted: else other files are not even read
	wantsAll  bool
	wantsCRDs bool
}

// load gives the chart in a folder.
func (l *chartLoader) load(folder string) (*chart.Chart, error) {
	names, err := l.names(folder)
	if err != nil {
		return nil, err
	}
	return l.build(folder, names)
}

// names are the chart's files relative to its folder, without what .helmignore leaves out.
func (l *chartLoader) names(folder string) ([]string, error) {
	if l.files.kind(path.Join(folder, "Chart.yaml")) != kindFile {
		return nil, fail("chart-missing", folder, "no Chart.yaml in %s", display(folder))
	}
	rules := ignore.Empty()
	content, err := l.files.read(path.Join(folder, ignore.HelmIgnore))
	if err == nil {
		if rules, err = ignore.Parse(bytes.NewReader(content)); err != nil {
			return nil, fail("chart-invalid", path.Join(folder, ignore.HelmIgnore), "%s", err)
		}
	}
	rules.AddDefaults()
	found := []string{}
	return found, l.walk(folder, "", rules, &found)
}

func (l *chartLoader) walk(folder, below string, rules *ignore.Rules, found *[]string) error {
	entries, err := l.files.list(path.Join(folder, below))
	if err != nil {
		return err
	}
	for _, one := range entries {
		name := path.Join(below, one.name)
		if rules.Ignore(name, fileInfo{one.name, one.kind == kindDirectory}) {
			continue
		}
		switch one.kind {
		case kindDirectory:
			if err := l.walk(folder, name, rules, found); err != nil {
				return err
			}
		case kindFile:
			*found = append(*found, name)
		case kindUnreachable:
			where := path.Join(folder, name)
			return fail("outside-root", where, "the link %s leads out of the repository or nowhere", where)
		}
	}
	return nil
}

// build makes the chart of the named files of a folder; what is below charts/ becomes its subcharts.
func (l *chartLoader) build(folder string, names []string) (*chart.Chart, error) {
	own := []*archive.BufferedFile{}
	subcharts := []string{}
	below := map[string][]string{}
	for _, name := range names {
		if rest, isBelow := strings.CutPrefix(name, "charts/"); isBelow && path.Ext(name) != ".prov" {
			subchart, _, _ := strings.Cut(rest, "/")
			if _, known := below[subchart]; !known {
				subcharts = append(subcharts, subchart)
			}
			below[subchart] = append(below[subchart], rest)
			continue
		}
		if !l.wants(name) {
			continue
		}
		content, err := l.files.read(path.Join(folder, name))
		if err != nil {
			return nil, err
		}
		own = append(own, &archive.BufferedFile{Name: name, Data: bytes.TrimPrefix(content, []byte{0xEF, 0xBB, 0xBF})})
	}
	made, err := loader.LoadFiles(own)
	if err != nil {
		return nil, l.explain(folder, own, err)
	}
	for _, file := range append(made.Templates[:len(made.Templates):len(made.Templates)], made.Files...) {
		l.sources[file] = path.Join(folder, file.Name)
	}
	for _, name := range subcharts {
		subchart, err := l.subchart(folder, name, below[name])
		if err != nil {
			return nil, err
		}
		if subchart != nil {
			made.AddDependency(subchart)
		}
	}
	return made, nil
}

// subchart follows Helm's LoadFiles: names that begin with "_" or "." are skipped, archives unpacked, lone files passed over.
func (l *chartLoader) subchart(folder, name string, below []string) (*chart.Chart, error) {
	where := path.Join(folder, "charts", name)
	if strings.IndexAny(name, "_.") == 0 {
		return nil, nil
	}
	if path.Ext(name) == ".tgz" {
		content, err := l.files.read(where)
		if err != nil {
			return nil, err
		}
		return l.unpack(where, content)
	}
	names := []string{}
	for _, one := range below {
		if _, rest, isBelow := strings.Cut(one, "/"); isBelow {
			names = append(names, rest)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	return l.build(where, names)
}

// unpack loads a packed chart; its templates count as coming from the archive.
func (l *chartLoader) unpack(where string, content []byte) (*chart.Chart, error) {
	made, err := loader.LoadArchive(bytes.NewReader(content))
	if err != nil {
		return nil, fail("chart-invalid", where, "%s: %s", where, err)
	}
	l.claim(made, where)
	return made, nil
}

func (l *chartLoader) claim(one *chart.Chart, where string) {
	for _, file := range one.Templates {
		l.sources[file] = where
	}
	for _, file := range one.Files {
		l.sources[file] = where
	}
	for _, dependency := range one.Dependencies() {
		l.claim(dependency, where)
	}
}

func (l *chartLoader) wants(name string) bool {
	switch name {
	case "Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock", "values.yaml", "values.schema.json":
		return true
	}
	return l.wantsAll || strings.HasPrefix(name, "templates/") || l.wantsCRDs && strings.HasPrefix(name, "crds/")
}

// mentionsFiles says whether any template or value of a chart could reach for .Files.
func mentionsFiles(one *chart.Chart) bool {
	for _, file := range one.Templates {
		if bytes.Contains(file.Data, []byte("Files")) {
			return true
		}
	}
	for _, file := range one.Raw {
		if file.Name == "values.yaml" && bytes.Contains(file.Data, []byte("Files")) {
			return true
		}
	}
	for _, dependency := range one.Dependencies() {
		if mentionsFiles(dependency) {
			return true
		}
	}
	return false
}

// explain finds the broken file behind an error of Helm's loader.
func (l *chartLoader) explain(folder string, own []*archive.BufferedFile, err error) error {
	var found *failure
	if errors.As(err, &found) {
		return found
	}
	message := err.Error()
	for _, file := range own {
		if !strings.Contains(message, "cannot load "+file.Name) {
			continue
		}
		code := "chart-invalid"
		if file.Name == "values.yaml" {
			code = "values-invalid"
		}
		return brokenText(code, path.Join(folder, file.Name), file.Data, message)
	}
	return fail("chart-invalid", path.Join(folder, "Chart.yaml"), "%s", message)
}

// brokenText adds the line to a complaint about a YAML text, if the text is broken as such.
func brokenText(code, file string, content []byte, message string) *failure {
	for _, one := range parseDocuments(file, content) {
		if one.Error != nil && !one.Error.Warning {
			return &failure{Code: code, File: file, Line: one.Error.Line, Message: one.Error.Message}
		}
	}
	return fail(code, file, "%s", message)
}

func display(folder string) string {
	if folder == "" {
		return "."
	}
	return folder
}

{{- define "shop.labels" -}}
x: {{ .Values.a.b }}
{{- end -}}
{{- define "shop.name" -}}n{{- end -}}

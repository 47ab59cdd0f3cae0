{{- define "shop.labels" -}}{{ include "shop.labels" . }}{{- end -}}
{{- define "shop.name" -}}n{{- end -}}

// Swagger UI over our own schema; requests carry the session's token. It is asked of no other host.

const csrf = document.querySelector("meta[name=csrf]").content;
const place = document.getElementById("reference");
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

dark.addEventListener("change", paint);
paint();
globalThis.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [globalThis.SwaggerUIBundle.presets.apis],
  plugins: [() => ({ wrapComponents: { InfoContainer: () => () => null } })], // the page has its own head
  layout: "BaseLayout",
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  requestInterceptor: (request) => {
    if (csrf) request.headers["X-CSRF-Token"] = csrf;
    return request;
  },
});

// The body's silhouette as a line: the mesh marks its pixels in the stencil, a slightly larger hull is drawn around them.
import { AlwaysStencilFunc, DoubleSide, MeshBasicMaterial, NotEqualStencilFunc, ReplaceStencilOp, Vector2 } from "three";

export const mask = new MeshBasicMaterial({
  colorWrite: false, depthTest: false, depthWrite: false, stencilWrite: true, stencilRef: 1,
  stencilFunc: AlwaysStencilFunc, stencilZPass: ReplaceStencilOp,
});

export const hull = new MeshBasicMaterial({
  color: "#ff4fa3", depthTest: false, depthWrite: false, side: DoubleSide, transparent: true,
  stencilWrite: true, stencilRef: 1, stencilFunc: NotEqualStencilFunc,
});

/** Width of the line in shares of the half viewport. */
export const lineWidth = { value: new Vector2(0.01, 0.01) };

hull.onBeforeCompile = (shader) => {
  shader.uniforms.lineWidth = lineWidth;
  shader.vertexShader = `uniform vec2 lineWidth;\n${shader.vertexShader}`.replace(
    "#include <project_vertex>",
    `#include <project_vertex>
    vec2 outward = (projectionMatrix * vec4(transformedNormal, 0.0)).xy;
    gl_Position.xy += outward / max(length(outward), 1e-6) * lineWidth * gl_Position.w;`,
  );
};

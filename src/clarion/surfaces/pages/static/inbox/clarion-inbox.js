/* <clarion-inbox>, Apache-2.0; built by web/inbox from 12b36df7588cf2027373094edf14d610830ecd30829bdebef545637fd2f567ce; see clarion-inbox.LICENSES.txt. */
// node_modules/@lit/reactive-element/css-tag.js
var e = globalThis, t = e.ShadowRoot && (e.ShadyCSS === void 0 || e.ShadyCSS.nativeShadow) && "adoptedStyleSheets" in Document.prototype && "replace" in CSSStyleSheet.prototype, n = Symbol(), r = /* @__PURE__ */ new WeakMap(), i = class {
	constructor(e, t, r) {
		if (this._$cssResult$ = !0, r !== n) throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");
		this.cssText = e, this.t = t;
	}
	get styleSheet() {
		let e = this.o, n = this.t;
		if (t && e === void 0) {
			let t = n !== void 0 && n.length === 1;
			t && (e = r.get(n)), e === void 0 && ((this.o = e = new CSSStyleSheet()).replaceSync(this.cssText), t && r.set(n, e));
		}
		return e;
	}
	toString() {
		return this.cssText;
	}
}, a = (e) => new i(typeof e == "string" ? e : e + "", void 0, n), o = (e, ...t) => new i(e.length === 1 ? e[0] : t.reduce((t, n, r) => t + ((e) => {
	if (!0 === e._$cssResult$) return e.cssText;
	if (typeof e == "number") return e;
	throw Error("Value passed to 'css' function must be a 'css' function result: " + e + ". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.");
})(n) + e[r + 1], e[0]), e, n), s = (n, r) => {
	if (t) n.adoptedStyleSheets = r.map((e) => e instanceof CSSStyleSheet ? e : e.styleSheet);
	else for (let t of r) {
		let r = document.createElement("style"), i = e.litNonce;
		i !== void 0 && r.setAttribute("nonce", i), r.textContent = t.cssText, n.appendChild(r);
	}
}, c = t ? (e) => e : (e) => e instanceof CSSStyleSheet ? ((e) => {
	let t = "";
	for (let n of e.cssRules) t += n.cssText;
	return a(t);
})(e) : e, { is: l, defineProperty: u, getOwnPropertyDescriptor: d, getOwnPropertyNames: f, getOwnPropertySymbols: p, getPrototypeOf: m } = Object, h = globalThis, ee = h.trustedTypes, te = ee ? ee.emptyScript : "", ne = h.reactiveElementPolyfillSupport, g = (e, t) => e, re = {
	toAttribute(e, t) {
		switch (t) {
			case Boolean:
				e = e ? te : null;
				break;
			case Object:
			case Array: e = e == null ? e : JSON.stringify(e);
		}
		return e;
	},
	fromAttribute(e, t) {
		let n = e;
		switch (t) {
			case Boolean:
				n = e !== null;
				break;
			case Number:
				n = e === null ? null : Number(e);
				break;
			case Object:
			case Array: try {
				n = JSON.parse(e);
			} catch {
				n = null;
			}
		}
		return n;
	}
}, ie = (e, t) => !l(e, t), ae = {
	attribute: !0,
	type: String,
	converter: re,
	reflect: !1,
	useDefault: !1,
	hasChanged: ie
};
Symbol.metadata ??= Symbol("metadata"), h.litPropertyMetadata ??= /* @__PURE__ */ new WeakMap();
var _ = class extends HTMLElement {
	static addInitializer(e) {
		this._$Ei(), (this.l ??= []).push(e);
	}
	static get observedAttributes() {
		return this.finalize(), this._$Eh && [...this._$Eh.keys()];
	}
	static createProperty(e, t = ae) {
		if (t.state && (t.attribute = !1), this._$Ei(), this.prototype.hasOwnProperty(e) && ((t = Object.create(t)).wrapped = !0), this.elementProperties.set(e, t), !t.noAccessor) {
			let n = Symbol(), r = this.getPropertyDescriptor(e, n, t);
			r !== void 0 && u(this.prototype, e, r);
		}
	}
	static getPropertyDescriptor(e, t, n) {
		let { get: r, set: i } = d(this.prototype, e) ?? {
			get() {
				return this[t];
			},
			set(e) {
				this[t] = e;
			}
		};
		return {
			get: r,
			set(t) {
				let a = r?.call(this);
				i?.call(this, t), this.requestUpdate(e, a, n);
			},
			configurable: !0,
			enumerable: !0
		};
	}
	static getPropertyOptions(e) {
		return this.elementProperties.get(e) ?? ae;
	}
	static _$Ei() {
		if (this.hasOwnProperty(g("elementProperties"))) return;
		let e = m(this);
		e.finalize(), e.l !== void 0 && (this.l = [...e.l]), this.elementProperties = new Map(e.elementProperties);
	}
	static finalize() {
		if (this.hasOwnProperty(g("finalized"))) return;
		if (this.finalized = !0, this._$Ei(), this.hasOwnProperty(g("properties"))) {
			let e = this.properties, t = [...f(e), ...p(e)];
			for (let n of t) this.createProperty(n, e[n]);
		}
		let e = this[Symbol.metadata];
		if (e !== null) {
			let t = litPropertyMetadata.get(e);
			if (t !== void 0) for (let [e, n] of t) this.elementProperties.set(e, n);
		}
		this._$Eh = /* @__PURE__ */ new Map();
		for (let [e, t] of this.elementProperties) {
			let n = this._$Eu(e, t);
			n !== void 0 && this._$Eh.set(n, e);
		}
		this.elementStyles = this.finalizeStyles(this.styles);
	}
	static finalizeStyles(e) {
		let t = [];
		if (Array.isArray(e)) {
			let n = new Set(e.flat(1 / 0).reverse());
			for (let e of n) t.unshift(c(e));
		} else e !== void 0 && t.push(c(e));
		return t;
	}
	static _$Eu(e, t) {
		let n = t.attribute;
		return !1 === n ? void 0 : typeof n == "string" ? n : typeof e == "string" ? e.toLowerCase() : void 0;
	}
	constructor() {
		super(), this._$Ep = void 0, this.isUpdatePending = !1, this.hasUpdated = !1, this._$Em = null, this._$Ev();
	}
	_$Ev() {
		this._$ES = new Promise((e) => this.enableUpdating = e), this._$AL = /* @__PURE__ */ new Map(), this._$E_(), this.requestUpdate(), this.constructor.l?.forEach((e) => e(this));
	}
	addController(e) {
		(this._$EO ??= /* @__PURE__ */ new Set()).add(e), this.renderRoot !== void 0 && this.isConnected && e.hostConnected?.();
	}
	removeController(e) {
		this._$EO?.delete(e);
	}
	_$E_() {
		let e = /* @__PURE__ */ new Map(), t = this.constructor.elementProperties;
		for (let n of t.keys()) this.hasOwnProperty(n) && (e.set(n, this[n]), delete this[n]);
		e.size > 0 && (this._$Ep = e);
	}
	createRenderRoot() {
		let e = this.shadowRoot ?? this.attachShadow(this.constructor.shadowRootOptions);
		return s(e, this.constructor.elementStyles), e;
	}
	connectedCallback() {
		this.renderRoot ??= this.createRenderRoot(), this.enableUpdating(!0), this._$EO?.forEach((e) => e.hostConnected?.());
	}
	enableUpdating(e) {}
	disconnectedCallback() {
		this._$EO?.forEach((e) => e.hostDisconnected?.());
	}
	attributeChangedCallback(e, t, n) {
		this._$AK(e, n);
	}
	_$ET(e, t) {
		let n = this.constructor.elementProperties.get(e), r = this.constructor._$Eu(e, n);
		if (r !== void 0 && !0 === n.reflect) {
			let i = (n.converter?.toAttribute === void 0 ? re : n.converter).toAttribute(t, n.type);
			this._$Em = e, i == null ? this.removeAttribute(r) : this.setAttribute(r, i), this._$Em = null;
		}
	}
	_$AK(e, t) {
		let n = this.constructor, r = n._$Eh.get(e);
		if (r !== void 0 && this._$Em !== r) {
			let e = n.getPropertyOptions(r), i = typeof e.converter == "function" ? { fromAttribute: e.converter } : e.converter?.fromAttribute === void 0 ? re : e.converter;
			this._$Em = r;
			let a = i.fromAttribute(t, e.type);
			this[r] = a ?? this._$Ej?.get(r) ?? a, this._$Em = null;
		}
	}
	requestUpdate(e, t, n, r = !1, i) {
		if (e !== void 0) {
			let a = this.constructor;
			if (!1 === r && (i = this[e]), n ??= a.getPropertyOptions(e), !((n.hasChanged ?? ie)(i, t) || n.useDefault && n.reflect && i === this._$Ej?.get(e) && !this.hasAttribute(a._$Eu(e, n)))) return;
			this.C(e, t, n);
		}
		!1 === this.isUpdatePending && (this._$ES = this._$EP());
	}
	C(e, t, { useDefault: n, reflect: r, wrapped: i }, a) {
		n && !(this._$Ej ??= /* @__PURE__ */ new Map()).has(e) && (this._$Ej.set(e, a ?? t ?? this[e]), !0 !== i || a !== void 0) || (this._$AL.has(e) || (this.hasUpdated || n || (t = void 0), this._$AL.set(e, t)), !0 === r && this._$Em !== e && (this._$Eq ??= /* @__PURE__ */ new Set()).add(e));
	}
	async _$EP() {
		this.isUpdatePending = !0;
		try {
			await this._$ES;
		} catch (e) {
			Promise.reject(e);
		}
		let e = this.scheduleUpdate();
		return e != null && await e, !this.isUpdatePending;
	}
	scheduleUpdate() {
		return this.performUpdate();
	}
	performUpdate() {
		if (!this.isUpdatePending) return;
		if (!this.hasUpdated) {
			if (this.renderRoot ??= this.createRenderRoot(), this._$Ep) {
				for (let [e, t] of this._$Ep) this[e] = t;
				this._$Ep = void 0;
			}
			let e = this.constructor.elementProperties;
			if (e.size > 0) for (let [t, n] of e) {
				let { wrapped: e } = n, r = this[t];
				!0 !== e || this._$AL.has(t) || r === void 0 || this.C(t, void 0, n, r);
			}
		}
		let e = !1, t = this._$AL;
		try {
			e = this.shouldUpdate(t), e ? (this.willUpdate(t), this._$EO?.forEach((e) => e.hostUpdate?.()), this.update(t)) : this._$EM();
		} catch (t) {
			throw e = !1, this._$EM(), t;
		}
		e && this._$AE(t);
	}
	willUpdate(e) {}
	_$AE(e) {
		this._$EO?.forEach((e) => e.hostUpdated?.()), this.hasUpdated || (this.hasUpdated = !0, this.firstUpdated(e)), this.updated(e);
	}
	_$EM() {
		this._$AL = /* @__PURE__ */ new Map(), this.isUpdatePending = !1;
	}
	get updateComplete() {
		return this.getUpdateComplete();
	}
	getUpdateComplete() {
		return this._$ES;
	}
	shouldUpdate(e) {
		return !0;
	}
	update(e) {
		this._$Eq &&= this._$Eq.forEach((e) => this._$ET(e, this[e])), this._$EM();
	}
	updated(e) {}
	firstUpdated(e) {}
};
_.elementStyles = [], _.shadowRootOptions = { mode: "open" }, _[g("elementProperties")] = /* @__PURE__ */ new Map(), _[g("finalized")] = /* @__PURE__ */ new Map(), ne?.({ ReactiveElement: _ }), (h.reactiveElementVersions ??= []).push("2.1.2");
// node_modules/lit-html/lit-html.js
var v = globalThis, oe = (e) => e, y = v.trustedTypes, se = y ? y.createPolicy("lit-html", { createHTML: (e) => e }) : void 0, ce = "$lit$", b = `lit$${Math.random().toFixed(9).slice(2)}$`, x = "?" + b, le = `<${x}>`, S = document, C = () => S.createComment(""), w = (e) => e === null || typeof e != "object" && typeof e != "function", T = Array.isArray, ue = (e) => T(e) || typeof e?.[Symbol.iterator] == "function", E = "[ 	\n\f\r]", D = /<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g, de = /-->/g, fe = />/g, O = RegExp(`>|${E}(?:([^\\s"'>=/]+)(${E}*=${E}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`, "g"), pe = /'/g, me = /"/g, he = /^(?:script|style|textarea|title)$/i, ge = (e) => (t, ...n) => ({
	_$litType$: e,
	strings: t,
	values: n
}), k = ge(1), A = ge(2), j = Symbol.for("lit-noChange"), M = Symbol.for("lit-nothing"), _e = /* @__PURE__ */ new WeakMap(), N = S.createTreeWalker(S, 129);
function ve(e, t) {
	if (!T(e) || !e.hasOwnProperty("raw")) throw Error("invalid template strings array");
	return se === void 0 ? t : se.createHTML(t);
}
var ye = (e, t) => {
	let n = e.length - 1, r = [], i, a = t === 2 ? "<svg>" : t === 3 ? "<math>" : "", o = D;
	for (let t = 0; t < n; t++) {
		let n = e[t], s, c, l = -1, u = 0;
		for (; u < n.length && (o.lastIndex = u, c = o.exec(n), c !== null);) u = o.lastIndex, o === D ? c[1] === "!--" ? o = de : c[1] === void 0 ? c[2] === void 0 ? c[3] !== void 0 && (o = O) : (he.test(c[2]) && (i = RegExp("</" + c[2], "g")), o = O) : o = fe : o === O ? c[0] === ">" ? (o = i ?? D, l = -1) : c[1] === void 0 ? l = -2 : (l = o.lastIndex - c[2].length, s = c[1], o = c[3] === void 0 ? O : c[3] === "\"" ? me : pe) : o === me || o === pe ? o = O : o === de || o === fe ? o = D : (o = O, i = void 0);
		let d = o === O && e[t + 1].startsWith("/>") ? " " : "";
		a += o === D ? n + le : l >= 0 ? (r.push(s), n.slice(0, l) + ce + n.slice(l) + b + d) : n + b + (l === -2 ? t : d);
	}
	return [ve(e, a + (e[n] || "<?>") + (t === 2 ? "</svg>" : t === 3 ? "</math>" : "")), r];
}, P = class e {
	constructor({ strings: t, _$litType$: n }, r) {
		let i;
		this.parts = [];
		let a = 0, o = 0, s = t.length - 1, c = this.parts, [l, u] = ye(t, n);
		if (this.el = e.createElement(l, r), N.currentNode = this.el.content, n === 2 || n === 3) {
			let e = this.el.content.firstChild;
			e.replaceWith(...e.childNodes);
		}
		for (; (i = N.nextNode()) !== null && c.length < s;) {
			if (i.nodeType === 1) {
				if (i.hasAttributes()) for (let e of i.getAttributeNames()) if (e.endsWith(ce)) {
					let t = u[o++], n = i.getAttribute(e).split(b), r = /([.?@])?(.*)/.exec(t);
					c.push({
						type: 1,
						index: a,
						name: r[2],
						strings: n,
						ctor: r[1] === "." ? xe : r[1] === "?" ? Se : r[1] === "@" ? Ce : L
					}), i.removeAttribute(e);
				} else e.startsWith(b) && (c.push({
					type: 6,
					index: a
				}), i.removeAttribute(e));
				if (he.test(i.tagName)) {
					let e = i.textContent.split(b), t = e.length - 1;
					if (t > 0) {
						i.textContent = y ? y.emptyScript : "";
						for (let n = 0; n < t; n++) i.append(e[n], C()), N.nextNode(), c.push({
							type: 2,
							index: ++a
						});
						i.append(e[t], C());
					}
				}
			} else if (i.nodeType === 8) {
				if (i.data === x) c.push({
					type: 2,
					index: a
				});
				else {
					let e = -1;
					for (; (e = i.data.indexOf(b, e + 1)) !== -1;) c.push({
						type: 7,
						index: a
					}), e += b.length - 1;
				}
			}
			a++;
		}
	}
	static createElement(e, t) {
		let n = S.createElement("template");
		return n.innerHTML = e, n;
	}
};
function F(e, t, n = e, r) {
	if (t === j) return t;
	let i = r === void 0 ? n._$Cl : n._$Co?.[r], a = w(t) ? void 0 : t._$litDirective$;
	return i?.constructor !== a && (i?._$AO?.(!1), a === void 0 ? i = void 0 : (i = new a(e), i._$AT(e, n, r)), r === void 0 ? n._$Cl = i : (n._$Co ??= [])[r] = i), i !== void 0 && (t = F(e, i._$AS(e, t.values), i, r)), t;
}
var be = class {
	constructor(e, t) {
		this._$AV = [], this._$AN = void 0, this._$AD = e, this._$AM = t;
	}
	get parentNode() {
		return this._$AM.parentNode;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	u(e) {
		let { el: { content: t }, parts: n } = this._$AD, r = (e?.creationScope ?? S).importNode(t, !0);
		N.currentNode = r;
		let i = N.nextNode(), a = 0, o = 0, s = n[0];
		for (; s !== void 0;) {
			if (a === s.index) {
				let t;
				s.type === 2 ? t = new I(i, i.nextSibling, this, e) : s.type === 1 ? t = new s.ctor(i, s.name, s.strings, this, e) : s.type === 6 && (t = new we(i, this, e)), this._$AV.push(t), s = n[++o];
			}
			a !== s?.index && (i = N.nextNode(), a++);
		}
		return N.currentNode = S, r;
	}
	p(e) {
		let t = 0;
		for (let n of this._$AV) n !== void 0 && (n.strings === void 0 ? n._$AI(e[t]) : (n._$AI(e, n, t), t += n.strings.length - 2)), t++;
	}
}, I = class e {
	get _$AU() {
		return this._$AM?._$AU ?? this._$Cv;
	}
	constructor(e, t, n, r) {
		this.type = 2, this._$AH = M, this._$AN = void 0, this._$AA = e, this._$AB = t, this._$AM = n, this.options = r, this._$Cv = r?.isConnected ?? !0;
	}
	get parentNode() {
		let e = this._$AA.parentNode, t = this._$AM;
		return t !== void 0 && e?.nodeType === 11 && (e = t.parentNode), e;
	}
	get startNode() {
		return this._$AA;
	}
	get endNode() {
		return this._$AB;
	}
	_$AI(e, t = this) {
		e = F(this, e, t), w(e) ? e === M || e == null || e === "" ? (this._$AH !== M && this._$AR(), this._$AH = M) : e !== this._$AH && e !== j && this._(e) : e._$litType$ === void 0 ? e.nodeType === void 0 ? ue(e) ? this.k(e) : this._(e) : this.T(e) : this.$(e);
	}
	O(e) {
		return this._$AA.parentNode.insertBefore(e, this._$AB);
	}
	T(e) {
		this._$AH !== e && (this._$AR(), this._$AH = this.O(e));
	}
	_(e) {
		this._$AH !== M && w(this._$AH) ? this._$AA.nextSibling.data = e : this.T(S.createTextNode(e)), this._$AH = e;
	}
	$(e) {
		let { values: t, _$litType$: n } = e, r = typeof n == "number" ? this._$AC(e) : (n.el === void 0 && (n.el = P.createElement(ve(n.h, n.h[0]), this.options)), n);
		if (this._$AH?._$AD === r) this._$AH.p(t);
		else {
			let e = new be(r, this), n = e.u(this.options);
			e.p(t), this.T(n), this._$AH = e;
		}
	}
	_$AC(e) {
		let t = _e.get(e.strings);
		return t === void 0 && _e.set(e.strings, t = new P(e)), t;
	}
	k(t) {
		T(this._$AH) || (this._$AH = [], this._$AR());
		let n = this._$AH, r, i = 0;
		for (let a of t) i === n.length ? n.push(r = new e(this.O(C()), this.O(C()), this, this.options)) : r = n[i], r._$AI(a), i++;
		i < n.length && (this._$AR(r && r._$AB.nextSibling, i), n.length = i);
	}
	_$AR(e = this._$AA.nextSibling, t) {
		for (this._$AP?.(!1, !0, t); e !== this._$AB;) {
			let t = oe(e).nextSibling;
			oe(e).remove(), e = t;
		}
	}
	setConnected(e) {
		this._$AM === void 0 && (this._$Cv = e, this._$AP?.(e));
	}
}, L = class {
	get tagName() {
		return this.element.tagName;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	constructor(e, t, n, r, i) {
		this.type = 1, this._$AH = M, this._$AN = void 0, this.element = e, this.name = t, this._$AM = r, this.options = i, n.length > 2 || n[0] !== "" || n[1] !== "" ? (this._$AH = Array(n.length - 1).fill(/* @__PURE__ */ new String()), this.strings = n) : this._$AH = M;
	}
	_$AI(e, t = this, n, r) {
		let i = this.strings, a = !1;
		if (i === void 0) e = F(this, e, t, 0), a = !w(e) || e !== this._$AH && e !== j, a && (this._$AH = e);
		else {
			let r = e, o, s;
			for (e = i[0], o = 0; o < i.length - 1; o++) s = F(this, r[n + o], t, o), s === j && (s = this._$AH[o]), a ||= !w(s) || s !== this._$AH[o], s === M ? e = M : e !== M && (e += (s ?? "") + i[o + 1]), this._$AH[o] = s;
		}
		a && !r && this.j(e);
	}
	j(e) {
		e === M ? this.element.removeAttribute(this.name) : this.element.setAttribute(this.name, e ?? "");
	}
}, xe = class extends L {
	constructor() {
		super(...arguments), this.type = 3;
	}
	j(e) {
		this.element[this.name] = e === M ? void 0 : e;
	}
}, Se = class extends L {
	constructor() {
		super(...arguments), this.type = 4;
	}
	j(e) {
		this.element.toggleAttribute(this.name, !!e && e !== M);
	}
}, Ce = class extends L {
	constructor(e, t, n, r, i) {
		super(e, t, n, r, i), this.type = 5;
	}
	_$AI(e, t = this) {
		if ((e = F(this, e, t, 0) ?? M) === j) return;
		let n = this._$AH, r = e === M && n !== M || e.capture !== n.capture || e.once !== n.once || e.passive !== n.passive, i = e !== M && (n === M || r);
		r && this.element.removeEventListener(this.name, this, n), i && this.element.addEventListener(this.name, this, e), this._$AH = e;
	}
	handleEvent(e) {
		typeof this._$AH == "function" ? this._$AH.call(this.options?.host ?? this.element, e) : this._$AH.handleEvent(e);
	}
}, we = class {
	constructor(e, t, n) {
		this.element = e, this.type = 6, this._$AN = void 0, this._$AM = t, this.options = n;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	_$AI(e) {
		F(this, e);
	}
}, Te = {
	M: ce,
	P: b,
	A: x,
	C: 1,
	L: ye,
	R: be,
	D: ue,
	V: F,
	I,
	H: L,
	N: Se,
	U: Ce,
	B: xe,
	F: we
}, Ee = v.litHtmlPolyfillSupport;
Ee?.(P, I), (v.litHtmlVersions ??= []).push("3.3.3");
var De = (e, t, n) => {
	let r = n?.renderBefore ?? t, i = r._$litPart$;
	if (i === void 0) {
		let e = n?.renderBefore ?? null;
		r._$litPart$ = i = new I(t.insertBefore(C(), e), e, void 0, n ?? {});
	}
	return i._$AI(e), i;
}, R = globalThis, z = class extends _ {
	constructor() {
		super(...arguments), this.renderOptions = { host: this }, this._$Do = void 0;
	}
	createRenderRoot() {
		let e = super.createRenderRoot();
		return this.renderOptions.renderBefore ??= e.firstChild, e;
	}
	update(e) {
		let t = this.render();
		this.hasUpdated || (this.renderOptions.isConnected = this.isConnected), super.update(e), this._$Do = De(t, this.renderRoot, this.renderOptions);
	}
	connectedCallback() {
		super.connectedCallback(), this._$Do?.setConnected(!0);
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this._$Do?.setConnected(!1);
	}
	render() {
		return j;
	}
};
z._$litElement$ = !0, z.finalized = !0, R.litElementHydrateSupport?.({ LitElement: z });
var Oe = R.litElementPolyfillSupport;
Oe?.({ LitElement: z }), (R.litElementVersions ??= []).push("4.2.2");
// node_modules/lit-html/directive.js
var ke = {
	ATTRIBUTE: 1,
	CHILD: 2,
	PROPERTY: 3,
	BOOLEAN_ATTRIBUTE: 4,
	EVENT: 5,
	ELEMENT: 6
}, Ae = (e) => (...t) => ({
	_$litDirective$: e,
	values: t
}), je = class {
	constructor(e) {}
	get _$AU() {
		return this._$AM._$AU;
	}
	_$AT(e, t, n) {
		this._$Ct = e, this._$AM = t, this._$Ci = n;
	}
	_$AS(e, t) {
		return this.update(e, t);
	}
	update(e, t) {
		return this.render(...t);
	}
}, { I: Me } = Te, Ne = (e) => e, Pe = () => document.createComment(""), B = (e, t, n) => {
	let r = e._$AA.parentNode, i = t === void 0 ? e._$AB : t._$AA;
	if (n === void 0) n = new Me(r.insertBefore(Pe(), i), r.insertBefore(Pe(), i), e, e.options);
	else {
		let t = n._$AB.nextSibling, a = n._$AM, o = a !== e;
		if (o) {
			let t;
			n._$AQ?.(e), n._$AM = e, n._$AP !== void 0 && (t = e._$AU) !== a._$AU && n._$AP(t);
		}
		if (t !== i || o) {
			let e = n._$AA;
			for (; e !== t;) {
				let t = Ne(e).nextSibling;
				Ne(r).insertBefore(e, i), e = t;
			}
		}
	}
	return n;
}, V = (e, t, n = e) => (e._$AI(t, n), e), Fe = {}, Ie = (e, t = Fe) => e._$AH = t, Le = (e) => e._$AH, H = (e) => {
	e._$AR(), e._$AA.remove();
}, Re = (e, t, n) => {
	let r = /* @__PURE__ */ new Map();
	for (let i = t; i <= n; i++) r.set(e[i], i);
	return r;
}, ze = Ae(class extends je {
	constructor(e) {
		if (super(e), e.type !== ke.CHILD) throw Error("repeat() can only be used in text expressions");
	}
	dt(e, t, n) {
		let r;
		n === void 0 ? n = t : t !== void 0 && (r = t);
		let i = [], a = [], o = 0;
		for (let t of e) i[o] = r ? r(t, o) : o, a[o] = n(t, o), o++;
		return {
			values: a,
			keys: i
		};
	}
	render(e, t, n) {
		return this.dt(e, t, n).values;
	}
	update(e, [t, n, r]) {
		let i = Le(e), { values: a, keys: o } = this.dt(t, n, r);
		if (!Array.isArray(i)) return this.ut = o, a;
		let s = this.ut ??= [], c = [], l, u, d = 0, f = i.length - 1, p = 0, m = a.length - 1;
		for (; d <= f && p <= m;) if (i[d] === null) d++;
		else if (i[f] === null) f--;
		else if (s[d] === o[p]) c[p] = V(i[d], a[p]), d++, p++;
		else if (s[f] === o[m]) c[m] = V(i[f], a[m]), f--, m--;
		else if (s[d] === o[m]) c[m] = V(i[d], a[m]), B(e, c[m + 1], i[d]), d++, m--;
		else if (s[f] === o[p]) c[p] = V(i[f], a[p]), B(e, i[d], i[f]), f--, p++;
		else if (l === void 0 && (l = Re(o, p, m), u = Re(s, d, f)), l.has(s[d])) {
			if (l.has(s[f])) {
				let t = u.get(o[p]), n = t === void 0 ? null : i[t];
				if (n === null) {
					let t = B(e, i[d]);
					V(t, a[p]), c[p] = t;
				} else c[p] = V(n, a[p]), B(e, i[d], n), i[t] = null;
				p++;
			} else H(i[f]), f--;
		} else H(i[d]), d++;
		for (; p <= m;) {
			let t = B(e, c[m + 1]);
			V(t, a[p]), c[p++] = t;
		}
		for (; d <= f;) {
			let e = i[d++];
			e !== null && H(e);
		}
		return this.ut = o, Ie(e, c), j;
	}
}), U = (e) => A`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${e}</svg>`, Be = U(A`<path d="M6 9.5a6 6 0 0 1 12 0c0 5 2 6.5 2 6.5H4s2-1.5 2-6.5M10 19.5a2.2 2.2 0 0 0 4 0"/>`), Ve = U(A`<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`), He = U(A`<path d="M15 5l-7 7 7 7"/>`), Ue = U(A`<path d="M6 6l12 12M18 6L6 18"/>`), We = U(A`<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="3"/>`), Ge = U(A`<path d="M2.5 12.5l4.5 4.5L16 8M12.5 16l1 1L22 8.5"/>`), Ke = U(A`<path d="M5 12.5l4.5 4.5L19 7.5"/>`), W = U(A`<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>`), qe = U(A`<path d="M4 8h16v11H4zM3 4.5h18V8H3zM10 12h4"/>`), Je = U(A`<rect x="3" y="5.5" width="18" height="13" rx="2.5"/><path d="M4 7.5l8 6 8-6"/>`), Ye = U(A`<path d="M4.5 7h15M10 7V4.5h4V7M6.5 7l1 12.5h9l1-12.5"/>`), Xe = U(A`<path d="M9 14L4.5 9.5 9 5M4.5 9.5H14a5.5 5.5 0 0 1 0 11h-3"/>`), Ze = U(A`<path d="M6 9.5l6 6 6-6"/>`), G = (e) => typeof e == "string" ? e : "", K = (e) => e === !0, q = (e) => typeof e == "object" && e && !Array.isArray(e) ? e : {};
function Qe(e) {
	let t = G(e).trim();
	if (!/^https?:\/\//i.test(t)) return "";
	try {
		return new URL(t).href;
	} catch {
		return "";
	}
}
function $e(e) {
	return Array.isArray(e) ? e.slice(0, 2).map(q).filter((e) => G(e.key) && G(e.label)).map((e) => ({
		key: G(e.key),
		label: G(e.label),
		link: Qe(e.link)
	})) : [];
}
function et(e) {
	let t = q(e), n = q(t.data);
	return {
		id: G(t.id),
		seq: Number(t.seq) || 0,
		rev: Number(t.rev) || 0,
		category: G(t.category),
		priority: Number(t.priority) || 3,
		title: G(t.title),
		body: G(t.body),
		link: Qe(n.link),
		actions: $e(n.actions),
		data: n,
		createdAt: G(t.created_at),
		read: K(t.read),
		seen: K(t.seen) || !!t.seen_at,
		dismissed: K(t.dismissed) || !!t.dismissed_at,
		archived: K(t.archived) || !!t.archived_at,
		recalled: K(t.recalled) || !!t.recalled_at,
		snoozedUntil: G(t.snoozed_until),
		group: G(t.group),
		acted: G(t.acted)
	};
}
// src/types.ts
var tt = "superseded", J = class extends Error {
	constructor(e, t, n = 0) {
		super(t), this.code = e, this.status = n;
	}
}, nt = 15e3, rt = class {
	constructor(e, t) {
		this.person = 0, this.ticketedBy = "", this.server = e, this.tokens = t;
	}
	leave() {
		this.person += 1, this.ticketedBy = "";
	}
	async call(e, t, n) {
		let r = this.person, i = async (e) => {
			let t = await e.catch((e) => {
				if (r === this.person) throw e;
			});
			if (r !== this.person) throw new J(tt, "somebody else is here now");
			return t;
		}, a = await i(this.tokens.get()), o = await i(this.send(e, t, a, n));
		if (o.status === 401 && (this.tokens.refuse(a), a = await i(this.tokens.get()), o = await i(this.send(e, t, a, n)), o.status === 401 && this.tokens.refuse(a)), o.status === 204) return;
		let s = await i(o.json().catch(() => ({})));
		if (o.ok) return s;
		throw o.status === 401 ? new J("unauthenticated", "the token is not good", 401) : new J(String(s.code ?? "refused"), String(s.detail ?? o.statusText), o.status);
	}
	async send(e, t, n, r) {
		let i = { Authorization: `Bearer ${n}` };
		r !== void 0 && (i["Content-Type"] = "application/json");
		try {
			return await fetch(`${this.server()}/api/v1/${t}`, {
				method: e,
				headers: i,
				body: r === void 0 ? null : JSON.stringify(r),
				credentials: "omit",
				cache: "no-store",
				keepalive: e === "POST",
				signal: AbortSignal.timeout(nt)
			});
		} catch {
			throw new J("network", "the server cannot be reached");
		}
	}
	async list(e, t, n, r = "") {
		let i = new URLSearchParams({
			status: e,
			page_size: String(n)
		});
		return t !== null && i.set("before", String(t)), r && i.set("group", r), this.page(i);
	}
	async changed(e, t) {
		return this.page(new URLSearchParams({
			since_rev: String(e),
			page_size: String(t)
		}));
	}
	async page(e) {
		let t = await this.call("GET", `inbox?${e}`);
		return {
			items: t.results.map(et),
			rev: t.last_rev,
			unread: t.unread_count,
			unseen: t.unseen_count,
			next: t.next_before
		};
	}
	async mark(e, t, n, r = "POST") {
		return this.marked(await this.call(r, `inbox/${encodeURIComponent(e)}/${t}`, n));
	}
	async markAll(e) {
		return this.marked(await this.call("POST", `inbox/${e}`));
	}
	marked(e) {
		return {
			unread: e.unread_count,
			unseen: e.unseen_count,
			rev: e.rev
		};
	}
	async ticket() {
		let { ticket: e } = await this.call("POST", "ws/tickets", { origin: location.origin });
		return this.ticketedBy = this.tokens.held, e;
	}
	preferences() {
		return this.call("GET", "preferences");
	}
	prefer(e) {
		return this.call("PATCH", "preferences", e);
	}
	async categories() {
		return (await this.call("GET", "categories")).results;
	}
}, it = 1e4, at = 25e3, ot = 1e4, st = 6e4, ct = 2;
function lt(e, t) {
	let n = Math.min(st, 1e3 * 2 ** Math.min(e, 10));
	return n / 2 + n / 2 * t;
}
var ut = class {
	constructor(e, t, n, r) {
		this.status = "stopped", this.failures = 0, this.timer = 0, this.pollTimer = 0, this.heart = 0, this.turn = 0, this.again = () => {
			this.status !== "live" && this.status !== "connecting" && this.status !== "stopped" && (this.failures = this.status === "polling" ? ct : 0, this.connect());
		}, this.looked = () => {
			document.visibilityState === "visible" && this.status === "live" ? this.beat() : document.visibilityState === "visible" && this.status !== "signed-out" && this.again();
		}, this.offline = () => {
			this.drop(), this.say("offline");
		}, this.api = e, this.address = t, this.ears = n, this.pollEvery = r;
	}
	start() {
		this.stop(), addEventListener("online", this.again), addEventListener("offline", this.offline), addEventListener("pageshow", this.again), document.addEventListener("visibilitychange", this.looked), this.failures = 0, this.connect();
	}
	stop() {
		removeEventListener("online", this.again), removeEventListener("offline", this.offline), removeEventListener("pageshow", this.again), document.removeEventListener("visibilitychange", this.looked), this.drop(), this.say("stopped");
	}
	later(e) {
		this.status !== "stopped" && this.status !== "signed-out" && (this.drop(), this.failures = e, this.comeBack());
	}
	say(e) {
		this.status !== e && (this.status = e, this.ears.status(e));
	}
	drop() {
		this.turn += 1, clearTimeout(this.timer), clearTimeout(this.heart), clearTimeout(this.pollTimer), this.pollTimer = 0;
		let e = this.socket;
		this.socket = void 0, e?.close(1e3);
	}
	async connect() {
		let e = this.status === "polling";
		this.drop();
		let t = this.turn;
		if (navigator.onLine === !1) return this.say("offline");
		e ? this.startPolling() : this.say("connecting");
		try {
			if (this.ears.rev() < 0 && await this.ears.begin(), t !== this.turn) return;
			let e = await this.api.ticket();
			if (t !== this.turn) return;
			this.open(e, t);
		} catch (e) {
			t === this.turn && this.failed(e);
		}
	}
	open(e, t) {
		let n = Math.max(0, this.ears.rev() - 1), r = new WebSocket(`${this.address()}?ticket=${encodeURIComponent(e)}&rev=${n}`);
		this.socket = r;
		let i = window.setTimeout(() => r.close(), it);
		r.onopen = () => {
			clearTimeout(i), t === this.turn && this.beat();
		}, r.onmessage = (e) => t === this.turn && this.heard(String(e.data)), r.onclose = (e) => {
			clearTimeout(i), t === this.turn && this.closed(e.code);
		};
	}
	beat() {
		clearTimeout(this.heart), this.socket?.readyState === WebSocket.OPEN && (this.socket.send("{\"type\":\"ping\"}"), this.heart = window.setTimeout(() => {
			this.drop(), this.comeBack();
		}, ot));
	}
	heard(e) {
		let t;
		try {
			t = JSON.parse(e);
		} catch {
			return;
		}
		if (t?.type !== "pong") return this.ears.hear(t);
		this.failures = 0, clearTimeout(this.pollTimer), this.pollTimer = 0, clearTimeout(this.heart), this.heart = window.setTimeout(() => this.beat(), at), this.say("live");
	}
	closed(e) {
		this.drop(), e === 4401 && this.ears.expired(), e === 4403 ? (this.ears.trouble(new J("origin_refused", "pages of this origin may not connect; see CLARION_CORS_ORIGINS")), this.startPolling()) : this.comeBack(e);
	}
	failed(e) {
		let t = e instanceof J ? e : new J("network", "the server cannot be reached");
		t.code === "unauthenticated" ? (this.drop(), this.say("signed-out"), this.ears.trouble(t)) : (t.code !== "network" && this.ears.trouble(t), this.comeBack());
	}
	comeBack(e = 0) {
		if (navigator.onLine === !1) return this.say("offline");
		let t = this.failures === 0;
		this.failures += 1;
		let n = e === 1012 ? Math.random() * 5e3 : lt(this.failures - 1, Math.random());
		e === 4401 && t && (n = Math.random() * 500), this.failures > ct ? this.startPolling() : this.say("waiting"), clearTimeout(this.timer), this.timer = window.setTimeout(() => void this.connect(), n);
	}
	startPolling() {
		if (this.pollTimer) return;
		let e = this.turn, t = async () => {
			if (e === this.turn) {
				try {
					document.visibilityState === "visible" && await this.ears.poll(), e === this.turn && this.say("polling");
				} catch (t) {
					if (e !== this.turn) return;
					if (t instanceof J && t.code === "unauthenticated") return this.failed(t);
					this.say("waiting");
				}
				e === this.turn && this.pollTimer && (this.pollTimer = window.setTimeout(() => void t(), this.pollEvery() * (.9 + Math.random() / 5)));
			}
		};
		this.pollTimer = window.setTimeout(() => void t(), 0);
	}
}, Y = (e) => !e.dismissed && !e.recalled, X = {
	all: (e) => Y(e) && !e.archived && !e.snoozedUntil,
	unread: (e) => Y(e) && !e.archived && !e.snoozedUntil && !e.read,
	snoozed: (e) => Y(e) && !e.archived && !!e.snoozedUntil,
	archived: (e) => Y(e) && e.archived
}, dt = class {
	constructor() {
		this.counts = {
			unread: 0,
			unseen: 0
		}, this.rev = -1, this.countsRev = -1, this.items = /* @__PURE__ */ new Map();
	}
	get(e) {
		return this.items.get(e);
	}
	put(e) {
		let t = this.items.get(e.id);
		return (!t || e.rev > t.rev) && this.items.set(e.id, e), !t;
	}
	told(e) {
		return this.rev = Math.max(this.rev, e.rev), this.put(e);
	}
	replace(e, t, n, r) {
		let i = r ? 0 : Math.min(...t.map((e) => e.seq)), a = new Set(t.map((e) => e.id));
		for (let t of [...this.items.values()]) !a.has(t.id) && t.rev <= n && t.seq >= i && X[e](t) && this.items.delete(t.id);
		for (let e of t) {
			let t = this.items.get(e.id);
			(!t || e.rev >= t.rev) && this.items.set(e.id, e);
		}
		this.rev < 0 && (this.rev = n);
	}
	count(e, t) {
		t < this.countsRev || (this.countsRev = t, this.counts = e);
	}
	countNew(e) {
		e.rev === this.countsRev + 1 && X.all(e) && this.count({
			unread: this.counts.unread + Number(!e.read),
			unseen: this.counts.unseen + Number(!e.seen)
		}, e.rev);
	}
	get isCountOld() {
		return this.countsRev < this.rev;
	}
	guess(e, t) {
		let n = this.items.get(e);
		if (!n) return () => {};
		let r = {
			...n,
			...t
		}, i = this.counts;
		this.items.set(e, r);
		let a = (e, t) => Math.max(0, i[e] - Number(t(n)) + Number(t(r)));
		this.counts = {
			unread: a("unread", X.unread),
			unseen: a("unseen", (e) => X.all(e) && !e.seen)
		};
		let o = this.counts;
		return () => {
			this.items.get(e) === r && this.items.set(e, n), this.counts === o && (this.counts = i);
		};
	}
	get lastSeq() {
		return Math.max(0, ...[...this.items.values()].map((e) => e.seq));
	}
	list(e) {
		return [...this.items.values()].filter(X[e]).sort((e, t) => t.seq - e.seq);
	}
	entries(e, t = 0) {
		let n = /* @__PURE__ */ new Map(), r = [];
		for (let i of this.list(e)) {
			let e = i.group ? n.get(i.group) : void 0;
			if (e) {
				e.rest.push(i);
				continue;
			}
			if (i.seq < t) continue;
			let a = {
				head: i,
				rest: []
			};
			i.group && n.set(i.group, a), r.push(a);
		}
		return r;
	}
	clear() {
		this.items.clear(), this.counts = {
			unread: 0,
			unseen: 0
		}, this.rev = this.countsRev = -1;
	}
}, ft = [
	["year", 31536e3],
	["month", 2592e3],
	["week", 604800],
	["day", 86400],
	["hour", 3600],
	["minute", 60]
];
function pt(e, t, n, r) {
	let i = Math.max(0, (n - Date.parse(e)) / 1e3), a = ft.find(([, e]) => i >= e);
	return !a || Number.isNaN(i) ? r : new Intl.RelativeTimeFormat(t, {
		numeric: "auto",
		style: "short"
	}).format(-Math.floor(i / a[1]), a[0]);
}
function mt(e, t) {
	let n = new Date(e);
	return Number.isNaN(n.getTime()) ? "" : n.toLocaleString(t, {
		dateStyle: "medium",
		timeStyle: "short"
	});
}
function ht(e, t, n) {
	let r;
	try {
		r = new Intl.DateTimeFormat("en-CA", {
			timeZone: t,
			year: "numeric",
			month: "2-digit",
			day: "2-digit"
		}).format(n);
	} catch {
		r = new Intl.DateTimeFormat("en-CA", {
			year: "numeric",
			month: "2-digit",
			day: "2-digit"
		}).format(n);
	}
	let i = /* @__PURE__ */ new Date(`${r}T00:00:00Z`), a = e === "tomorrow" ? 1 : (8 - i.getUTCDay()) % 7 || 7;
	return i.setUTCDate(i.getUTCDate() + a), `${i.toISOString().slice(0, 10)}T08:00:00`;
}
// src/tokens.ts
var gt = class {
	constructor(e, t = () => {}) {
		this.current = "", this.bad = "", this.whose = "", this.turn = 0, this.source = e, this.another = t;
	}
	get held() {
		return this.current;
	}
	async get() {
		if (this.current) return this.current;
		if (this.asking) return this.asking;
		let e = this.ask().finally(() => {
			this.asking === e && (this.asking = void 0);
		});
		return this.asking = e, e;
	}
	refuse(e) {
		this.bad = e, this.current === e && (this.current = "");
	}
	forget() {
		this.current = this.bad = "", this.asking = void 0, this.turn += 1;
	}
	leave() {
		this.forget(), this.whose = "";
	}
	async ask() {
		let e = this.turn, t = this.source(), n = t.token && t.token !== this.bad ? t.token : "";
		if (!n && t.getToken ? n = await t.getToken() : !n && t.tokenUrl && (n = await this.fetched(t.tokenUrl)), e !== this.turn) return this.get();
		if (!n || n === this.bad) throw new J("unauthenticated", "no fresh token is to be had", 401);
		let r = this.whose;
		return this.current = n, this.whose = _t(n) || r, r && r !== this.whose && this.another(), n;
	}
	async fetched(e) {
		let t = await fetch(new URL(e, document.baseURI), {
			method: "POST",
			credentials: "same-origin",
			cache: "no-store"
		}).catch(() => void 0);
		if (!t) throw new J("network", "the token address cannot be reached");
		if (!t.ok) throw new J(t.status >= 500 ? "network" : "unauthenticated", "the token address refused", t.status);
		let n = await t.json().catch(() => ({}));
		return String(n.access ?? n.token ?? "");
	}
};
function _t(e) {
	try {
		let t = JSON.parse(atob(String(e).split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
		return String(t.user_id ?? t.sub ?? "");
	} catch {
		return "";
	}
}
var Z = 200, vt = 1e3, yt = [
	"all",
	"unread",
	"snoozed",
	"archived"
], bt = class {
	constructor(e, t) {
		this.store = new dt(), this.timezone = "", this.recounting = 0, this.unreadable = 0, this.isSeeing = !1, this.unseeing = 0, this.seenAgain = 0, this.read = (e) => this.done(e.id, {
			read: !0,
			seen: !0
		}, () => this.api.mark(e.id, "read")), this.unread = (e) => this.done(e.id, { read: !1 }, () => this.api.mark(e.id, "unread")), this.dismiss = (e) => this.done(e.id, {
			dismissed: !0,
			read: !0,
			seen: !0
		}, () => this.api.mark(e.id, "dismiss")), this.archive = (e) => this.done(e.id, {
			archived: !0,
			read: !0,
			seen: !0
		}, () => this.api.mark(e.id, "archive")), this.restore = (e) => this.done(e.id, { archived: !1 }, () => this.api.mark(e.id, "restore")), this.wake = (e) => this.done(e.id, {
			snoozedUntil: "",
			read: !1
		}, () => this.api.mark(e.id, "snooze", void 0, "DELETE")), this.act = (e, t) => this.done(e.id, {
			acted: t.key,
			read: !0,
			seen: !0
		}, () => this.api.mark(e.id, `actions/${encodeURIComponent(t.key)}`)), this.settings = e, this.listener = t, this.tokens = new gt(e, () => t.another()), this.api = new rt(() => this.server(), this.tokens);
		let n = () => `${this.server().replace(/^http/i, "ws")}/ws/notifications/`;
		this.live = new ut(this.api, n, {
			rev: () => this.store.rev,
			begin: () => this.reload("all"),
			hear: (e) => this.hear(e),
			poll: () => this.poll(),
			status: (e) => t.status(e),
			trouble: (e) => this.fail(e),
			expired: () => this.expired()
		}, () => Math.max(2, this.settings().pollSeconds) * 1e3), this.forget();
	}
	start() {
		this.live.start();
	}
	stop() {
		clearTimeout(this.recounting), clearTimeout(this.seenAgain), this.seenAgain = 0, this.live.stop();
	}
	restart(e) {
		e || this.end(), this.tokens.forget(), this.live.start();
	}
	end() {
		this.stop(), this.api.leave(), this.tokens.leave(), this.store.clear(), this.forget(), this.listener.changed();
	}
	forget() {
		this.timezone = "", this.unreadable = this.unseeing = 0, this.paging = Object.fromEntries(yt.map((e) => [e, {
			next: void 0,
			isLoading: !1,
			failed: !1
		}]));
	}
	server() {
		return new URL(this.settings().server || "/", document.baseURI).href.replace(/\/+$/, "");
	}
	async reload(e) {
		for (; this.paging[e].isLoading;) await this.paging[e].load?.catch(() => void 0);
		let t = Math.min(Z, Math.max(20, this.store.list(e).length));
		await this.paged(e, async () => {
			let n = await this.api.list(e, null, t);
			return this.store.replace(e, n.items, n.rev, n.next === null), n;
		});
	}
	async loadMore(e) {
		let { next: t } = this.paging[e];
		t !== null && await this.paged(e, async () => {
			let n = await this.api.list(e, t ?? null, 20);
			return n.items.forEach((e) => this.store.put(e)), n;
		}).catch(() => void 0);
	}
	async loadGroup(e, t) {
		await this.paged(e, async () => {
			let n = await this.api.list(e, null, Z, t);
			return n.items.forEach((e) => this.store.put(e)), {
				...n,
				next: this.paging[e].next ?? null
			};
		}).catch(() => void 0);
	}
	async paged(e, t) {
		let n = this.paging[e];
		n.isLoading || (n.isLoading = !0, n.load = this.loaded(n, t), await n.load);
	}
	async loaded(e, t) {
		this.listener.changed();
		try {
			let n = await t();
			e.next = n.next, e.failed = !1, this.store.count({
				unread: n.unread,
				unseen: n.unseen
			}, n.rev);
		} catch (t) {
			throw e.failed = !0, t;
		} finally {
			e.isLoading = !1, this.listener.changed();
		}
	}
	hear(e) {
		if (e.type === "notification") this.arrived(et(e.data));
		else if (e.type === "unread") this.store.count({
			unread: e.data.count,
			unseen: e.data.unseen
		}, e.data.rev);
		else if (e.type === "update" && e.data.all) this.reloadAll(e.data.rev);
		else if (e.type === "update") e.data.items.map(et).forEach((e) => this.told(e, !1));
		else return;
		this.recountSoon(), this.listener.changed();
	}
	arrived(e) {
		this.store.countNew(e), this.told(e, !0);
	}
	recountSoon() {
		clearTimeout(this.recounting), this.store.isCountOld && (this.recounting = window.setTimeout(() => {
			this.api.list("all", null, 1).then((e) => {
				this.store.count({
					unread: e.unread,
					unseen: e.unseen
				}, e.rev), this.listener.changed();
			}, () => void 0);
		}, vt));
	}
	async reloadAll(e) {
		try {
			for (let e of yt) (this.paging[e].next !== void 0 || this.paging[e].isLoading) && await this.reload(e);
			this.unreadable = 0, this.store.rev = Math.max(this.store.rev, e);
		} catch (e) {
			xt(e) || this.live.later(this.unreadable++);
		}
	}
	told(e, t) {
		let n = this.store.told(e) && t;
		e.recalled || e.dismissed || e.archived || e.read ? this.listener.gone(e.id) : n && this.listener.arrived(e, this.live.status === "live" || this.live.status === "polling");
	}
	async poll() {
		if (this.store.rev < 0) return this.reload("all");
		let e = this.store.lastSeq;
		for (;;) {
			let t = await this.api.changed(this.store.rev, Z);
			if (t.items.forEach((t) => this.told(t, t.seq > e)), !(t.items.length >= Z)) {
				this.store.rev = Math.max(this.store.rev, t.rev), this.store.count({
					unread: t.unread,
					unseen: t.unseen
				}, t.rev), this.listener.changed();
				return;
			}
		}
	}
	expired() {
		this.tokens.refuse(this.api.ticketedBy);
	}
	fail(e) {
		xt(e) || (e.code === "unauthenticated" && this.listener.tokenNeeded(), this.listener.trouble(e));
	}
	async done(e, t, n) {
		let r = this.store.guess(e, t);
		this.listener.changed();
		try {
			return this.counted(await n()), !0;
		} catch (e) {
			return r(), this.fail(e), !1;
		} finally {
			this.listener.changed();
		}
	}
	counted(e) {
		this.store.count({
			unread: e.unread,
			unseen: e.unseen
		}, e.rev);
	}
	async snooze(e, t) {
		let n = {
			snoozedUntil: new Date(Date.now() + 36e5).toISOString(),
			seen: !0
		};
		return this.done(e.id, n, async () => t === "hour" ? this.api.mark(e.id, "snooze", { minutes: 60 }) : (this.timezone ||= (await this.api.preferences()).timezone, this.api.mark(e.id, "snooze", { local_until: ht(t, this.timezone, /* @__PURE__ */ new Date()) })));
	}
	async readAll() {
		try {
			this.counted(await this.api.markAll("read-all")), await this.reload("all");
		} catch (e) {
			this.fail(e);
		}
		this.listener.changed();
	}
	async seen() {
		if (this.store.counts.unseen === 0 || this.isSeeing || this.seenAgain) return;
		this.isSeeing = !0;
		let e = await this.api.markAll("seen-all").catch(() => void 0);
		this.isSeeing = !1, this.unseeing = e ? 0 : this.unseeing + 1, e && this.counted(e), this.store.counts.unseen && (this.seenAgain = window.setTimeout(() => {
			this.seenAgain = 0, this.listener.changed();
		}, lt(this.unseeing, Math.random()))), this.listener.changed();
	}
}, xt = (e) => e instanceof J && e.code === "superseded", St = "clarion-inbox-device", Ct = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && isSecureContext;
function wt(e) {
	let t = atob(e.replace(/-/g, "+").replace(/_/g, "/"));
	return Uint8Array.from(t, (e) => e.charCodeAt(0));
}
var Tt = (e) => navigator.serviceWorker.register(e, { updateViaCache: "none" });
async function Et(e) {
	return (await e.call("GET", "push/webpush-key").catch(() => ({ public_key: "" }))).public_key;
}
async function Dt(e, t) {
	return !t || !Ct() || !await Et(e) ? "unsupported" : Notification.permission === "denied" ? "denied" : await (await navigator.serviceWorker.getRegistration(t).catch(() => void 0))?.pushManager.getSubscription() ? "on" : "off";
}
async function Ot(e, t) {
	let n = await Notification.requestPermission();
	if (n !== "granted") return n === "denied" ? "denied" : "off";
	let r = wt(await Et(e)), i = await Tt(t);
	await jt(i);
	let a = {
		userVisibleOnly: !0,
		applicationServerKey: r
	}, o = await i.pushManager.subscribe(a).catch(async () => (await (await i.pushManager.getSubscription())?.unsubscribe(), i.pushManager.subscribe(a))), s = (await e.call("GET", "me")).id;
	return At((await e.call("POST", `users/${s}/devices`, {
		platform: "web",
		token_kind: "webpush",
		token: JSON.stringify(o)
	})).id), "on";
}
async function kt(e, t) {
	await (await (await navigator.serviceWorker.getRegistration(t))?.pushManager.getSubscription())?.unsubscribe();
	let n = At(null);
	return n && await e.call("DELETE", `users/${(await e.call("GET", "me")).id}/devices/${n}`).catch(() => void 0), "off";
}
function At(e) {
	try {
		let t = localStorage.getItem(St);
		return e ? localStorage.setItem(St, e) : localStorage.removeItem(St), t;
	} catch {
		return null;
	}
}
async function jt(e) {
	let t = e.installing ?? e.waiting;
	!e.active && t && await new Promise((e) => t.addEventListener("statechange", () => t.state === "activated" && e()));
}
// src/style.ts
var Mt = o`
  :host {
    --_accent: var(--clarion-accent, #4f46e5);
    --_accent-ink: var(--clarion-accent-ink, #fff);
    --_paper: var(--clarion-paper, #fff);
    --_raised: var(--clarion-raised, #f5f6f9);
    --_ink: var(--clarion-ink, #1b2030);
    --_soft: var(--clarion-soft, #596176);
    --_line: var(--clarion-line, #e2e5ec);
    --_new: var(--clarion-new, #f3f2fe);
    --_bad: var(--clarion-bad, #b42318);
    --_radius: var(--clarion-radius, 12px);
    --_shadow: var(--clarion-shadow, 0 12px 40px rgb(16 20 40 / 18%), 0 2px 8px rgb(16 20 40 / 10%));
    display: inline-block;
    position: relative;
    color: var(--_ink);
    font: var(--clarion-font, 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif);
    text-align: start;
    color-scheme: light;
  }
  :host([mode="inline"]) { display: block; }
  :host([hidden]) { display: none; }
  :host([data-dark]) {
    --_accent: var(--clarion-accent, #a5a0ff);
    --_accent-ink: var(--clarion-accent-ink, #15123a);
    --_paper: var(--clarion-paper, #181b24);
    --_raised: var(--clarion-raised, #222634);
    --_ink: var(--clarion-ink, #e8eaf1);
    --_soft: var(--clarion-soft, #a3abbd);
    --_line: var(--clarion-line, #2f3443);
    --_new: var(--clarion-new, #21213a);
    --_bad: var(--clarion-bad, #ff8a80);
    --_shadow: var(--clarion-shadow, 0 12px 40px rgb(0 0 0 / 55%));
    color-scheme: dark;
  }
  * { box-sizing: border-box; }
  [hidden] { display: none !important; }
  svg { width: 20px; height: 20px; display: block; flex: none; }
  h2, h3, p { margin: 0; font: inherit; }
  button { font: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0; cursor: pointer; text-align: start; border-radius: 8px; }
  button:disabled { cursor: default; opacity: .55; }
  a { color: inherit; text-decoration: none; }
  :focus { outline: none; }
  :focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px; border-radius: 8px; }
  .icon { display: inline-grid; place-items: center; width: 34px; height: 34px; color: var(--_soft); }
  .icon:hover { background: var(--_raised); color: var(--_ink); }
  [dir="rtl"] .flip svg { transform: scaleX(-1); }
  .hush { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

  .bell { position: relative; display: inline-grid; place-items: center; width: 42px; height: 42px; border-radius: 50%; color: inherit; }
  .bell svg { width: 24px; height: 24px; }
  .bell:hover { background: color-mix(in srgb, currentColor 9%, transparent); }
  .badge {
    position: absolute; inset-block-start: 1px; inset-inline-end: 0; min-width: 19px; height: 19px; padding: 0 5px; border-radius: 10px;
    font-size: 11px; font-weight: 700; line-height: 19px; text-align: center; font-variant-numeric: tabular-nums;
    background: var(--clarion-badge, #d92d20); color: var(--clarion-badge-ink, #fff); box-shadow: 0 0 0 2px var(--_paper);
  }
  .badge.quiet { background: var(--clarion-badge-quiet, #5b6478); color: #fff; }

  .panel { background: var(--_paper); color: var(--_ink); display: flex; flex-direction: column; overflow: hidden; border: 1px solid var(--_line); border-radius: var(--_radius); }
  .panel[popover] {
    position: fixed; inset: auto; margin: 0; padding: 0; width: min(400px, calc(100vw - 16px)); height: min(600px, calc(100dvh - 80px));
    inset-block-start: var(--_top, 60px); left: var(--_left, 8px); box-shadow: var(--_shadow);
  }
  .panel[popover]:not(:popover-open) { display: none; }
  :host([mode="inline"]) .panel { height: var(--clarion-height, 560px); }
  header { display: flex; align-items: center; gap: 2px; padding: 12px 10px 6px 16px; padding-inline: 16px 10px; }
  header h2 { flex: 1; font-size: 17px; font-weight: 650; letter-spacing: -.01em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .tabs { display: flex; gap: 4px; padding: 2px 12px 10px; border-block-end: 1px solid var(--_line); overflow-x: auto; scrollbar-width: none; }
  .tabs button { display: inline-flex; align-items: center; padding: 5px 11px; border-radius: 16px; color: var(--_soft); font-size: 13px; font-weight: 550; white-space: nowrap; }
  .tabs button:hover { background: var(--_raised); }
  .tabs [aria-selected="true"] { background: var(--_new); color: var(--_ink); box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--_accent) 35%, transparent); }
  .note { display: flex; align-items: center; gap: 8px; padding: 7px 16px; font-size: 12.5px; color: var(--_soft); background: var(--_raised); border-block-end: 1px solid var(--_line); }
  .note.bad { color: var(--_bad); }
  .note button { color: var(--_ink); text-decoration: underline; font-weight: 600; margin-inline-start: auto; }
  .scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; position: relative; }

  .item { position: relative; display: grid; grid-template-columns: 1fr auto; padding: 12px 8px 12px 30px; padding-inline: 30px 8px; border-block-end: 1px solid var(--_line); cursor: default; }
  .item.opens { cursor: pointer; }
  .item:hover { background: var(--_raised); }
  .item.unread { background: var(--_new); }
  .item.unread::before {
    content: ""; position: absolute; inset-inline-start: 13px; inset-block-start: 19px; width: 8px; height: 8px; border-radius: 50%; background: var(--_accent);
  }
  .item.under { padding-inline-start: 44px; }
  .item.under.unread::before { inset-inline-start: 28px; }
  .item h3 { font-weight: 450; overflow-wrap: anywhere; }
  .item.unread h3 { font-weight: 650; }
  .item h3 a:hover { text-decoration: underline; }
  .text { color: var(--_soft); overflow-wrap: anywhere; white-space: pre-line; margin-block-start: 2px; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
  .text, .toast h3 { text-align: match-parent; }
  .meta { display: flex; flex-wrap: wrap; gap: 2px 8px; margin-block-start: 4px; color: var(--_soft); font-size: 12px; }
  .urgent { color: var(--_bad); font-weight: 650; }
  .actions { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 9px; }
  .actions button { display: inline-flex; align-items: center; padding: 5px 13px; border: 1px solid var(--_line); background: var(--_paper); font-size: 13px; font-weight: 600; max-width: 100%; overflow-wrap: anywhere; }
  .actions button.first { background: var(--_accent); border-color: var(--_accent); color: var(--_accent-ink); }
  .actions button:focus-visible, .wide:focus-visible, .switch:focus-visible { outline-offset: 2px; }
  .acted { display: inline-flex; align-items: center; gap: 5px; color: var(--_soft); font-size: 12.5px; font-weight: 600; }
  .acted svg { width: 16px; height: 16px; }
  .side { display: flex; align-items: start; margin-block-start: -5px; }
  .group { grid-column: 1 / -1; justify-self: start; display: flex; align-items: center; gap: 4px; margin-block-start: 8px; padding: 3px 10px 3px 6px; padding-inline: 6px 10px; color: var(--_soft); font-size: 12.5px; font-weight: 600; border: 1px solid var(--_line); border-radius: 14px; background: var(--_paper); }
  .group:hover { color: var(--_ink); }
  .group svg { width: 16px; height: 16px; }
  .group[aria-expanded="true"] svg { transform: rotate(180deg); }
  .empty { display: grid; justify-items: center; gap: 6px; padding: 64px 24px; text-align: center; color: var(--_soft); }
  .empty svg { width: 40px; height: 40px; stroke-width: 1.2; opacity: .6; margin-block-end: 6px; }
  .empty strong { color: var(--_ink); font-weight: 600; }
  .foot { overflow-anchor: none; display: grid; place-items: center; min-height: 46px; color: var(--_soft); font-size: 13px; }
  .wide { padding: 7px 14px; border: 1px solid var(--_line); font-weight: 600; font-size: 13px; white-space: nowrap; }
  .wide:hover { background: var(--_raised); }

  .menu { position: fixed; inset: auto; margin: 0; padding: 5px; top: var(--_menu-top, 0); left: var(--_menu-left, 0); min-width: 210px; max-width: min(320px, calc(100vw - 16px)); background: var(--_paper); color: var(--_ink); border: 1px solid var(--_line); border-radius: 10px; box-shadow: var(--_shadow); }
  .menu button { display: flex; align-items: center; gap: 10px; width: 100%; padding: 8px 10px; }
  .menu button:hover, .menu button:focus { background: var(--_raised); }
  .menu svg { width: 18px; height: 18px; color: var(--_soft); }
  .menu hr { border: 0; border-block-start: 1px solid var(--_line); margin: 5px 0; }

  .settings { padding: 4px 16px 20px; }
  .settings h3 { font-size: 12.5px; font-weight: 650; color: var(--_soft); margin: 18px 0 4px; }
  .row { display: flex; align-items: center; gap: 12px; padding: 8px 0; }
  .row > span { flex: 1; min-width: 0; overflow-wrap: anywhere; }
  .row small, details small { display: block; color: var(--_soft); font-size: 12.5px; }
  details { border-block-end: 1px solid var(--_line); }
  details[open] { padding-block-end: 8px; }
  details:last-child { border: 0; }
  summary { padding: 10px 0; cursor: pointer; font-weight: 550; }
  details .row { padding-inline-start: 16px; }
  .switch { position: relative; flex: none; width: 40px; height: 24px; border-radius: 12px; background: var(--clarion-switch-off, #7d8598); transition: background .15s; }
  .switch::after { content: ""; position: absolute; inset-block-start: 3px; inset-inline-start: 3px; width: 18px; height: 18px; border-radius: 50%; background: #fff; transition: inset-inline-start .15s; }
  .switch[aria-checked="true"] { background: var(--_accent); }
  .switch[aria-checked="true"]::after { inset-inline-start: 19px; background: var(--_accent-ink); }

  .toasts { position: fixed; z-index: 2147483000; inset-block-end: 16px; inset-inline-end: 16px; display: grid; gap: 10px; width: min(360px, calc(100vw - 32px)); }
  .toast { display: grid; grid-template-columns: 1fr auto; gap: 4px; padding: 12px 8px 12px 16px; padding-inline: 16px 8px; background: var(--_paper); color: var(--_ink); border: 1px solid var(--_line); border-inline-start: 4px solid var(--_accent); border-radius: 10px; box-shadow: var(--_shadow); animation: rise .2s ease-out; }
  .toast h3 { font-weight: 650; overflow-wrap: anywhere; }
  .toast .text { -webkit-line-clamp: 2; }
  .toast .say { display: block; width: 100%; }
  @keyframes rise { from { transform: translateY(12px); opacity: 0; } }
  @media (max-width: 480px) {
    .panel[popover] { left: 0; inset-block: auto 0; width: 100vw; max-width: 100vw; height: min(86dvh, 100dvh); border-radius: var(--_radius) var(--_radius) 0 0; border-inline: 0; border-block-end: 0; padding-block-end: env(safe-area-inset-bottom); }
    .icon { width: 42px; height: 42px; }
    .menu button { padding: 11px 12px; }
    .actions button { padding: 8px 16px; }
    .tabs button { padding: 8px 13px; }
  }
  @media (prefers-reduced-motion: reduce) {
    * { animation: none !important; transition: none !important; scroll-behavior: auto !important; }
  }
  @media (forced-colors: active) {
    .switch { border: 1px solid; }
    .item.unread::before { background: Highlight; forced-color-adjust: none; }
  }
`, Nt = 7e3, Pt = class {
	constructor(e) {
		this.items = [], this.timers = /* @__PURE__ */ new Map(), this.changed = e;
	}
	show(e) {
		this.items = [...this.items.filter((t) => t.id !== e.id), e].slice(-3), this.resume(e.id), this.changed();
	}
	hold(e) {
		clearTimeout(this.timers.get(e));
	}
	resume(e) {
		this.hold(e), this.timers.set(e, window.setTimeout(() => this.drop(e), Nt));
	}
	drop(e) {
		this.hold(e), this.timers.delete(e), this.items.some((t) => t.id === e) && (this.items = this.items.filter((t) => t.id !== e), this.changed());
	}
	clear() {
		[...this.timers.keys()].forEach((e) => this.drop(e));
	}
}, Ft = {
	title: "Notifications",
	bell: "Notifications, unread: {n}",
	all: "All",
	unread: "Unread",
	snoozed: "Snoozed",
	archived: "Archive",
	settings: "Settings",
	back: "Back to the list",
	close: "Close",
	readAll: "Mark all as read",
	emptyAll: "You are all caught up",
	emptyAllMore: "What is new for you will stand here.",
	emptyUnread: "Nothing unread",
	emptySnoozed: "Nothing snoozed",
	emptyArchived: "The archive is empty",
	loading: "Loading…",
	more: "Load more",
	failed: "This cannot be loaded now.",
	retry: "Try again",
	notDone: "That did not work. Try again.",
	actedAlready: "Another answer was given before.",
	offline: "You are offline. What is here may be old.",
	waiting: "Reconnecting…",
	signedOut: "You were signed out. Sign in again to see what is new.",
	markRead: "Mark as read",
	markUnread: "Mark as unread",
	dismiss: "Remove",
	archive: "Archive",
	restore: "Back to the list",
	wake: "Bring back now",
	snoozeHour: "Remind me in an hour",
	snoozeTomorrow: "Remind me tomorrow at 8:00",
	snoozeWeek: "Remind me next Monday at 8:00",
	until: "Until {n}",
	options: "More for “{title}”",
	groupMore: "{n} more",
	groupLess: "Show less",
	isUnread: "Unread",
	done: "Done: {title}",
	urgent: "Urgent",
	now: "now",
	arrived: "New: {title}",
	general: "General",
	everything: "All notifications",
	marketing: "News and offers",
	byCategory: "By topic",
	always: "Always sent, for your safety",
	email: "Email",
	sms: "SMS",
	push: "Push",
	in_app: "In this list",
	chat: "Chat",
	webhook: "Webhook",
	websocket: "Live",
	browserPush: "On this device, even when the page is closed",
	pushOn: "Turn on",
	pushOff: "Turn off",
	pushDenied: "Your browser blocks notifications of this site. Allow them in its settings."
}, It = {
	en: Ft,
	sw: {
		title: "Arifa",
		bell: "Arifa, hazijasomwa: {n}",
		all: "Zote",
		unread: "Mpya",
		snoozed: "Baadaye",
		archived: "Kumbukumbu",
		settings: "Mipangilio",
		back: "Rudi kwenye orodha",
		close: "Funga",
		readAll: "Weka zote kama zimesomwa",
		emptyAll: "Umesoma zote",
		emptyAllMore: "Arifa mpya zitaonekana hapa.",
		emptyUnread: "Hakuna ambazo hazijasomwa",
		emptySnoozed: "Hakuna zilizoahirishwa",
		emptyArchived: "Kumbukumbu ni tupu",
		loading: "Inapakia…",
		more: "Pakia zaidi",
		failed: "Haiwezi kupakiwa sasa.",
		retry: "Jaribu tena",
		notDone: "Haikufaulu. Jaribu tena.",
		actedAlready: "Jibu lingine lilishatolewa.",
		offline: "Huna mtandao. Yaliyo hapa yanaweza kuwa ya zamani.",
		waiting: "Inaunganisha tena…",
		signedOut: "Umetoka. Ingia tena kuona mapya.",
		markRead: "Weka kama imesomwa",
		markUnread: "Weka kama haijasomwa",
		dismiss: "Ondoa",
		archive: "Hifadhi",
		restore: "Rudisha kwenye orodha",
		wake: "Rudisha sasa",
		snoozeHour: "Nikumbushe baada ya saa moja",
		snoozeTomorrow: "Nikumbushe kesho saa 2 asubuhi",
		snoozeWeek: "Nikumbushe Jumatatu ijayo saa 2 asubuhi",
		until: "Hadi {n}",
		options: "Zaidi kuhusu “{title}”",
		groupMore: "Nyingine {n}",
		groupLess: "Onyesha chache",
		isUnread: "Haijasomwa",
		done: "Imefanyika: {title}",
		urgent: "Ya haraka",
		now: "sasa",
		arrived: "Mpya: {title}",
		general: "Jumla",
		everything: "Arifa zote",
		marketing: "Habari na ofa",
		byCategory: "Kwa mada",
		always: "Hutumwa daima, kwa usalama wako",
		email: "Barua pepe",
		sms: "SMS",
		push: "Push",
		in_app: "Katika orodha hii",
		chat: "Gumzo",
		webhook: "Webhook",
		websocket: "Moja kwa moja",
		browserPush: "Kwenye kifaa hiki, hata ukurasa ukiwa umefungwa",
		pushOn: "Washa",
		pushOff: "Zima",
		pushDenied: "Kivinjari chako kinazuia arifa za tovuti hii. Ziruhusu katika mipangilio yake."
	},
	fr: {
		title: "Notifications",
		bell: "Notifications, non lues : {n}",
		all: "Toutes",
		unread: "Non lues",
		snoozed: "Reportées",
		archived: "Archives",
		settings: "Réglages",
		back: "Retour à la liste",
		close: "Fermer",
		readAll: "Tout marquer comme lu",
		emptyAll: "Vous êtes à jour",
		emptyAllMore: "Les nouveautés apparaîtront ici.",
		emptyUnread: "Rien de non lu",
		emptySnoozed: "Rien de reporté",
		emptyArchived: "Les archives sont vides",
		loading: "Chargement…",
		more: "Afficher la suite",
		failed: "Impossible de charger pour le moment.",
		retry: "Réessayer",
		notDone: "Cela n’a pas fonctionné. Réessayez.",
		actedAlready: "Une autre réponse a déjà été donnée.",
		offline: "Vous êtes hors ligne. La liste n’est peut-être plus à jour.",
		waiting: "Reconnexion…",
		signedOut: "Vous avez été déconnecté. Reconnectez-vous pour voir les nouveautés.",
		markRead: "Marquer comme lu",
		markUnread: "Marquer comme non lu",
		dismiss: "Supprimer",
		archive: "Archiver",
		restore: "Remettre dans la liste",
		wake: "Reprendre maintenant",
		snoozeHour: "Me le rappeler dans une heure",
		snoozeTomorrow: "Me le rappeler demain à 8 h",
		snoozeWeek: "Me le rappeler lundi prochain à 8 h",
		until: "Jusqu’à {n}",
		options: "Plus pour « {title} »",
		groupMore: "{n} de plus",
		groupLess: "Réduire",
		isUnread: "Non lu",
		done: "Fait : {title}",
		urgent: "Urgent",
		now: "maintenant",
		arrived: "Nouveau : {title}",
		general: "Général",
		everything: "Toutes les notifications",
		marketing: "Actualités et offres",
		byCategory: "Par sujet",
		always: "Toujours envoyé, pour votre sécurité",
		email: "E-mail",
		sms: "SMS",
		push: "Push",
		in_app: "Dans cette liste",
		chat: "Chat",
		webhook: "Webhook",
		websocket: "En direct",
		browserPush: "Sur cet appareil, même lorsque la page est fermée",
		pushOn: "Activer",
		pushOff: "Désactiver",
		pushDenied: "Votre navigateur bloque les notifications de ce site. Autorisez-les dans ses réglages."
	},
	ar: {
		title: "الإشعارات",
		bell: "الإشعارات، غير المقروءة: {n}",
		all: "الكل",
		unread: "غير مقروءة",
		snoozed: "مؤجلة",
		archived: "الأرشيف",
		settings: "الإعدادات",
		back: "العودة إلى القائمة",
		close: "إغلاق",
		readAll: "تحديد الكل كمقروء",
		emptyAll: "لا جديد لديك",
		emptyAllMore: "ستظهر الإشعارات الجديدة هنا.",
		emptyUnread: "لا إشعارات غير مقروءة",
		emptySnoozed: "لا إشعارات مؤجلة",
		emptyArchived: "الأرشيف فارغ",
		loading: "جارٍ التحميل…",
		more: "تحميل المزيد",
		failed: "تعذّر التحميل الآن.",
		retry: "إعادة المحاولة",
		notDone: "لم ينجح ذلك. حاول مرة أخرى.",
		actedAlready: "سبق اختيار رد آخر.",
		offline: "أنت غير متصل. قد تكون القائمة قديمة.",
		waiting: "جارٍ إعادة الاتصال…",
		signedOut: "تم تسجيل خروجك. سجّل الدخول مجددًا لرؤية الجديد.",
		markRead: "تحديد كمقروء",
		markUnread: "تحديد كغير مقروء",
		dismiss: "إزالة",
		archive: "أرشفة",
		restore: "إعادة إلى القائمة",
		wake: "إعادته الآن",
		snoozeHour: "ذكّرني بعد ساعة",
		snoozeTomorrow: "ذكّرني غدًا الساعة 8:00",
		snoozeWeek: "ذكّرني الاثنين القادم الساعة 8:00",
		until: "حتى {n}",
		options: "المزيد عن «{title}»",
		groupMore: "{n} أخرى",
		groupLess: "عرض أقل",
		isUnread: "غير مقروء",
		done: "تم: {title}",
		urgent: "عاجل",
		now: "الآن",
		arrived: "جديد: {title}",
		general: "عام",
		everything: "كل الإشعارات",
		marketing: "الأخبار والعروض",
		byCategory: "حسب الموضوع",
		always: "يُرسل دائمًا حفاظًا على أمانك",
		email: "البريد الإلكتروني",
		sms: "رسائل SMS",
		push: "إشعارات الجهاز",
		in_app: "في هذه القائمة",
		chat: "الدردشة",
		webhook: "Webhook",
		websocket: "مباشر",
		browserPush: "على هذا الجهاز، حتى عند إغلاق الصفحة",
		pushOn: "تفعيل",
		pushOff: "إيقاف",
		pushDenied: "متصفحك يمنع إشعارات هذا الموقع. اسمح بها في إعداداته."
	}
}, Lt = /* @__PURE__ */ new Set([
	"ar",
	"he",
	"fa",
	"ur",
	"ps",
	"sd",
	"yi",
	"dv",
	"ckb"
]);
function Rt(e) {
	try {
		return Intl.getCanonicalLocales(e)[0] ?? "en";
	} catch {
		return "en";
	}
}
var zt = (e) => It[e.split("-")[0] ?? ""] ?? Ft, Bt = (e) => Lt.has(e.split("-")[0] ?? ""), Q = (e, t) => e.replace(/\{(\w+)\}/g, (e, n) => String(t[n] ?? e));
// src/views/item.ts
function Vt({ item: e, isCurrent: t, isUnder: n, position: r, size: i, more: a }, o) {
	let { words: s, locale: c } = o, l = t ? 0 : -1;
	return k`<article
    class=${`item${e.read ? "" : " unread"}${e.link || !e.read ? " opens" : ""}${n ? " under" : ""}`} part="item ${e.read ? "read" : "unread"}" data-id=${e.id} tabindex=${l}
    aria-labelledby="t-${e.id}" aria-posinset=${r} aria-setsize=${i}
    @focusin=${() => o.focused(e)} @click=${(t) => o.open(e, t)}>
    <div>
      <h3 id="t-${e.id}" part="title">
        ${e.read ? M : k`<span class="hush">${s.isUnread}: </span>`}${e.link ? k`<a href=${e.link} tabindex=${l} rel="noopener" dir="auto">${e.title}</a>` : k`<span dir="auto">${e.title}</span>`}
      </h3>
      ${e.body ? k`<p class="text" part="body"><span dir="auto">${e.body}</span></p>` : M}
      <p class="meta" part="meta">
        ${e.priority === 1 ? k`<span class="urgent">${s.urgent}</span>` : M}
        <time datetime=${e.createdAt} title=${mt(e.createdAt, c)}>${pt(e.createdAt, c, o.now, s.now)}</time>
        ${e.snoozedUntil ? k`<span>${Q(s.until, { n: mt(e.snoozedUntil, c) })}</span>` : M}
      </p>
      ${e.actions.length ? Ht(e, l, o) : M}
    </div>
    <div class="side">
      <button class="icon" part="options" tabindex=${l} aria-haspopup="menu" aria-label=${Q(s.options, { title: e.title })}
        @click=${(t) => o.menu(e, t.currentTarget)}>${We}</button>
    </div>
    ${a}
  </article>`;
}
function Ht(e, t, n) {
	let r = e.actions.find((t) => t.key === e.acted);
	return e.acted ? k`<p class="actions acted">${Ke}<span dir="auto">${Q(n.words.done, { title: r?.label ?? e.acted })}</span></p>` : k`<div class="actions" part="actions">
    ${e.actions.map((r, i) => k`<button class=${i === 0 ? "first" : ""} part="action ${i === 0 ? "primary" : "secondary"}"
      tabindex=${t} dir="auto" @click=${() => n.act(e, r)}>${r.label}</button>`)}
  </div>`;
}
// src/views/menu.ts
var Ut = {
	read: Je,
	unread: Je,
	restore: Xe,
	wake: Xe,
	hour: W,
	tomorrow: W,
	monday: W,
	archive: qe,
	dismiss: Ye
}, Wt = {
	read: "markRead",
	unread: "markUnread",
	restore: "restore",
	wake: "wake",
	hour: "snoozeHour",
	tomorrow: "snoozeTomorrow",
	monday: "snoozeWeek",
	archive: "archive",
	dismiss: "dismiss"
};
function Gt(e) {
	return e.archived ? ["restore", "dismiss"] : [
		...e.snoozedUntil ? ["wake"] : [e.read ? "unread" : "read"],
		"hour",
		"tomorrow",
		"monday",
		"archive",
		"dismiss"
	];
}
function Kt(e, t, n) {
	return k`${Gt(e).map((e) => k`<button role="menuitem" tabindex="-1" @click=${() => n(e)}>${Ut[e]}<span>${t[Wt[e]]}</span></button>`)}`;
}
function qt(e, t, n) {
	return n === "hour" || n === "tomorrow" || n === "monday" ? e.snooze(t, n) : e[n](t);
}
function Jt(e, t, n) {
	let r = e.indexOf(n), i = {
		ArrowDown: r + 1,
		ArrowUp: r - 1 + +(r < 0),
		Home: 0,
		End: e.length - 1
	}[t];
	return i === void 0 || !e.length ? !1 : (e[(i + e.length) % e.length]?.focus(), !0);
}
function Yt(e, t, n, r, i) {
	let { top: a, bottom: o, left: s, right: c } = t.getBoundingClientRect(), [l, u] = [e.offsetWidth, e.offsetHeight], d = i ? s : c - l, f = Math.max(8, Math.min(d, innerWidth - l - 8)), p = o + r, m = p + u <= innerHeight - 8 ? p : Math.max(8, a - r - u >= 8 ? a - r - u : innerHeight - u - 8);
	e.style.setProperty(`--_${n}left`, `${f}px`), e.style.setProperty(`--_${n}top`, `${m}px`);
}
// src/views/settings.ts
function Xt(e) {
	let { words: t, preferences: n } = e;
	if (e.failed) return k`<div class="empty" role="alert"><strong>${t.failed}</strong><button class="wide" @click=${e.retry}>${t.retry}</button></div>`;
	if (!n) return k`<p class="foot" role="status">${t.loading}</p>`;
	let r = n.effective.global, i = new Map(e.categories.map((e) => [e.key, e]));
	return k`<div class="settings" part="settings">
    ${en(e)}
    <h3 id="general">${t.general}</h3>
    <div role="group" aria-labelledby="general">
      ${[
		"notifications_enabled",
		"marketing_enabled",
		...e.channels.map((e) => `${e}_enabled`)
	].map((n) => r[n] ? $t(Qt(n, t), r[n], !1, (t) => e.set({ global: { [n]: t } })) : M)}
    </div>
    <h3>${t.byCategory}</h3>
    ${Object.entries(n.effective.categories).map(([t, n]) => Zt(t, n, i.get(t), e))}
  </div>`;
}
function Zt(e, t, n, r) {
	let i = n?.essential ?? !1;
	return k`<details>
    <summary>${n?.name || e}${n?.description ? k`<small>${n.description}</small>` : M}</summary>
    ${i ? k`<small>${r.words.always}</small>` : M}
    ${r.channels.map((a) => {
		let o = `${a}_enabled`, s = t[o];
		return s ? $t(Qt(o, r.words), s, i, (t) => r.set({ categories: { [e]: { [o]: t } } }), n?.name || e) : M;
	})}
  </details>`;
}
function Qt(e, t) {
	if (e === "notifications_enabled") return t.everything;
	if (e === "marketing_enabled") return t.marketing;
	let n = e.replace(/_enabled$/, "");
	return t[n] ?? n;
}
function $t(e, t, n, r, i = "") {
	return k`<div class="row"><span>${e}</span>
    <button class="switch" part="switch" role="switch" aria-checked=${String(t.value)} aria-label=${i ? `${i}: ${e}` : e}
      ?disabled=${n} @click=${() => r(!t.value)}></button></div>`;
}
function en({ words: e, push: t, isBusy: n, push_: r }) {
	if (t === "unsupported") return M;
	let i = k`<button class="wide" ?disabled=${n} @click=${() => r(t !== "on")}>${t === "on" ? e.pushOff : e.pushOn}</button>`;
	return k`<div class="row" part="push"><span>${e.browserPush}${t === "denied" ? k`<small>${e.pushDenied}</small>` : M}</span>${t === "denied" ? M : i}</div>`;
}
// src/element.ts
var $ = [
	"all",
	"unread",
	"snoozed",
	"archived"
], tn = {
	all: "emptyAll",
	unread: "emptyUnread",
	snoozed: "emptySnoozed",
	archived: "emptyArchived"
}, nn = 99, rn = class extends z {
	static {
		this.styles = Mt;
	}
	static {
		this.properties = {
			server: {},
			token: {},
			tokenUrl: { attribute: "token-url" },
			getToken: { attribute: !1 },
			mode: { reflect: !0 },
			toasts: { type: Boolean },
			badge: {},
			theme: { reflect: !0 },
			channels: {},
			pushWorker: { attribute: "push-worker" },
			pollSeconds: {
				type: Number,
				attribute: "poll-seconds"
			},
			words: { attribute: !1 },
			lang: { reflect: !0 },
			isOpen: {
				type: Boolean,
				attribute: "open",
				reflect: !0
			}
		};
	}
	constructor() {
		super(), this.bread = new Pt(() => this.requestUpdate()), this.darkness = matchMedia("(prefers-color-scheme: dark)"), this.filter = "all", this.isSettings = !1, this.current = "", this.opened = /* @__PURE__ */ new Set(), this.status = "stopped", this.said = "", this.problem = "", this.categories = [], this.settingsFailed = !1, this.push = "unsupported", this.isPushBusy = !1, this.counted = "", this.isStarted = !1, this.clockTimer = 0, this.paint = () => {
			this.toggleAttribute("data-dark", this.theme === "dark" || this.theme !== "light" && this.darkness.matches);
		}, this.moved = () => {
			let e = this.find(".panel"), t = this.find(".bell");
			this.isOpen && e && t && Yt(e, t, "", 8, this.isRtl);
		}, this.pointed = (e) => {
			let t = e.composedPath();
			this.menuItem && !t.includes(this.find(".menu")) && this.shutMenu(!1), this.isOpen && this.mode !== "inline" && !t.includes(this) && this.shut(!1);
		}, this.pressed = (e) => {
			let t = this.shadowRoot?.activeElement ?? null;
			if (e.key === "Escape" && this.menuItem) this.shutMenu(!0);
			else if (e.key === "Escape" && this.isSettings) this.toSettings();
			else if (e.key === "Escape" && this.mode !== "inline") this.shut(!0);
			else if (e.altKey || e.ctrlKey || e.metaKey || !this.keyed(e.key, t)) return;
			e.preventDefault(), e.stopPropagation();
		}, this.server = this.token = this.tokenUrl = "", this.mode = "popover", this.toasts = this.isOpen = !1, this.badge = "unread", this.theme = "auto", this.channels = "email,sms,push,in_app", this.pushWorker = "", this.pollSeconds = 20, this.model = new bt(() => this, {
			changed: () => this.requestUpdate(),
			arrived: (e, t) => this.arrived(e, t),
			gone: (e) => this.bread.drop(e),
			status: (e) => this.changedStatus(e),
			trouble: (e) => this.trouble(e),
			tokenNeeded: () => this.tell("clarion-token-needed", {}),
			another: () => this.begin(!1)
		});
	}
	connectedCallback() {
		super.connectedCallback(), this.darkness.addEventListener("change", this.paint), addEventListener("pointerdown", this.pointed, !0), addEventListener("resize", this.moved), this.clockTimer = window.setInterval(() => this.requestUpdate(), 3e4), queueMicrotask(() => this.begin());
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this.darkness.removeEventListener("change", this.paint), removeEventListener("pointerdown", this.pointed, !0), removeEventListener("resize", this.moved), clearInterval(this.clockTimer), this.watcher?.disconnect(), this.watcher = void 0, this.bread.clear(), this.isStarted = !1, this.model.stop();
	}
	open() {
		this.isOpen = !0;
	}
	close() {
		this.isOpen && this.shut(!0);
	}
	reset() {
		this.begin(!1);
	}
	get unreadCount() {
		return this.model.store.counts.unread;
	}
	begin(e = !0) {
		if (e || this.blank(), !this.isConnected || (this.isStarted = !!(this.token || this.getToken || this.tokenUrl), !this.isStarted)) return e ? void 0 : this.model.end();
		this.model.restart(e);
	}
	blank() {
		this.bread.clear(), this.shutMenu(!1), this.isSettings = this.settingsFailed = !1, this.preferences = void 0, this.categories = [], this.push = "unsupported", this.opened.clear(), this.current = this.said = this.problem = "", this.requestUpdate();
	}
	willUpdate(e) {
		let t = e.has("server") || e.has("token") || e.has("tokenUrl") || e.has("getToken");
		this.hasUpdated && t && queueMicrotask(() => this.begin(!e.has("server") && _t(e.get("token")) === _t(this.token))), e.has("theme") && this.paint();
	}
	updated(e) {
		let t = this.find(".panel");
		if (this.mode !== "inline" && t) {
			let e = t.matches(":popover-open");
			this.isOpen && !e ? this.unfold(t) : !this.isOpen && e && t.hidePopover();
		}
		e.has("isOpen") && this.isOpen && this.entered(), this.watch();
		let { unread: n, unseen: r } = this.model.store.counts, i = `${n} ${r}`;
		i !== this.counted && this.model.store.rev >= 0 && (this.counted = i, this.tell("clarion-count", {
			unread: n,
			unseen: r
		})), r && this.isLookedAt() && this.model.seen();
	}
	isLookedAt() {
		return (this.isOpen || this.mode === "inline") && !this.isSettings && document.visibilityState === "visible" && this.isStarted;
	}
	unfold(e) {
		e.showPopover(), this.moved(), this.focusList();
	}
	shut(e) {
		this.isOpen = !1, this.shutMenu(!1), e && this.find(".bell")?.focus();
	}
	entered() {
		this.problem = "", this.bread.clear(), this.model.paging[this.filter].next === void 0 && this.isStarted && this.model.loadMore(this.filter);
	}
	watch() {
		let e = this.find(".foot[data-more]");
		this.watcher ??= new IntersectionObserver((e) => {
			let t = this.model.paging[this.filter];
			e.some((e) => e.isIntersecting) && !t.failed && this.model.loadMore(this.filter);
		}, { rootMargin: "200px" }), this.watcher.disconnect(), e && this.watcher.observe(e);
	}
	find(e) {
		return this.renderRoot.querySelector(e);
	}
	arrived(e, t) {
		this.tell("clarion-notification", { item: e }), t && (this.say(Q(this.text.arrived, { title: e.title })), this.toasts && !this.isLookedAt() && document.visibilityState === "visible" && this.bread.show(e));
	}
	changedStatus(e) {
		this.status = e, this.requestUpdate(), e !== "stopped" && this.tell("clarion-status", { status: e });
	}
	trouble(e) {
		e.code !== "unauthenticated" && (this.problem = e.code === "acted_already" ? this.text.actedAlready : this.text.notDone), this.tell("clarion-error", {
			code: e.code,
			message: e.message
		}), this.requestUpdate();
	}
	say(e) {
		this.said = e === this.said ? `${e}\u00a0` : e, this.requestUpdate();
	}
	tell(e, t) {
		return this.dispatchEvent(new CustomEvent(e, {
			detail: t,
			bubbles: !0,
			composed: !0,
			cancelable: !0
		}));
	}
	openItem(e, t) {
		let n = t.composedPath(), r = t.currentTarget, i = n.slice(0, n.indexOf(r));
		i.some((e) => e.nodeName === "BUTTON") || this.visit(e, t, i.some((e) => e.nodeName === "A"));
	}
	visit(e, t, n) {
		let r = t instanceof MouseEvent && (t.metaKey || t.ctrlKey || t.shiftKey), i = e.read ? void 0 : this.markRead(e);
		if (!this.tell("clarion-open", {
			item: e,
			link: e.link
		})) return t.preventDefault();
		if (!e.link || r || (n && t.preventDefault(), getSelection()?.toString())) return;
		let a = new Promise((e) => setTimeout(e, 500));
		Promise.race([i, a]).then(() => location.assign(e.link));
	}
	async markRead(e) {
		await this.model.read(e) && this.tell("clarion-read", { item: e });
	}
	async act(e, t) {
		this.problem = "", this.tell("clarion-action", {
			item: e,
			key: t.key,
			link: t.link ?? ""
		}) && await this.model.act(e, t) && t.link && location.assign(t.link);
	}
	async choose(e) {
		let t = this.menuItem;
		if (this.shutMenu(!1), !t) return;
		this.problem = "";
		let n = this.order(), r = n[n.indexOf(t.id) + 1] ?? n[n.indexOf(t.id) - 1] ?? "", i = qt(this.model, t, e);
		if (await this.updateComplete, this.order().includes(t.id) || (this.current = r), await this.updateComplete, this.focusList(), !await i) return;
		let a = this.model.store.get(t.id) ?? t;
		e === "read" && this.tell("clarion-read", { item: a }), e === "archive" && this.tell("clarion-archive", { item: a }), e === "dismiss" && this.tell("clarion-dismiss", { item: a }), (e === "hour" || e === "tomorrow" || e === "monday") && this.tell("clarion-snooze", {
			item: a,
			until: a.snoozedUntil
		}), this.say(Q(this.text.done, { title: t.title }));
	}
	async openMenu(e, t) {
		if (this.menuItem === e) return this.shutMenu(!0);
		this.menuItem = e, this.menuButton = t, this.requestUpdate(), await this.updateComplete;
		let n = this.find(".menu");
		n && (n.showPopover(), Yt(n, t, "menu-", 2, this.isRtl), n.querySelector("button")?.focus());
	}
	shutMenu(e) {
		this.menuItem && (this.menuItem = void 0, e && this.menuButton?.focus(), this.requestUpdate());
	}
	show(e) {
		this.filter = e, this.current = "", this.requestUpdate(), this.model.paging[e].next === void 0 && this.model.loadMore(e);
	}
	async toSettings() {
		this.isSettings = !this.isSettings, this.requestUpdate(), await this.updateComplete, this.find(this.isSettings ? ".back" : ".gear")?.focus(), this.isSettings && await this.loadSettings();
	}
	async loadSettings() {
		this.settingsFailed = !1;
		let { api: e } = this.model;
		try {
			[this.preferences, this.categories] = await Promise.all([e.preferences(), e.categories()]), this.push = await Dt(e, this.pushWorker);
		} catch (e) {
			if (an(e)) return;
			this.settingsFailed = !0, this.tellError(e);
		}
		this.requestUpdate();
	}
	async prefer(e) {
		this.problem = "";
		try {
			this.preferences = await this.model.api.prefer(e);
		} catch (e) {
			if (an(e)) return;
			this.problem = this.text.notDone, this.tellError(e);
		}
		this.requestUpdate();
	}
	async turnPush(e) {
		this.isPushBusy = !0, this.problem = "", this.requestUpdate();
		try {
			this.push = await (e ? Ot : kt)(this.model.api, this.pushWorker), this.tell("clarion-push", { on: this.push === "on" });
		} catch (e) {
			an(e) || (this.problem = this.text.notDone, this.tellError(e));
		}
		this.isPushBusy = !1, this.requestUpdate();
	}
	tellError(e) {
		let t = e instanceof J ? e : new J("failed", e instanceof Error ? e.message : "");
		this.tell("clarion-error", {
			code: t.code,
			message: t.message
		});
	}
	order() {
		return [...this.renderRoot.querySelectorAll(".item")].map((e) => e.dataset.id ?? "");
	}
	focusList() {
		let e = [...this.renderRoot.querySelectorAll(".item")];
		(e.find((e) => e.dataset.id === this.current) ?? e[0] ?? this.find(".panel"))?.focus();
	}
	keyed(e, t) {
		if (this.menuItem) return e === "Tab" && this.shutMenu(!0), e === "Tab" || Jt([...this.renderRoot.querySelectorAll(".menu button")], e, t);
		if (t?.getAttribute("role") === "tab") return this.keyedTab(e);
		let n = t?.closest(".item");
		if (!n) return !1;
		let r = t === n;
		if (r && e === "Enter") n.click();
		else if (r && (e === "Delete" || e === "Backspace")) this.quick(n, "dismiss");
		else if (r && e === "e") this.quick(n, "archive");
		else if (r && e === "u") this.quick(n, this.model.store.get(this.current)?.read ? "unread" : "read");
		else if (r && (e === "s" || e === "ContextMenu")) n.querySelector(".side button")?.click();
		else {
			let t = [...this.renderRoot.querySelectorAll(".item")], r = {
				ArrowDown: 1,
				PageDown: 1,
				ArrowUp: -1,
				PageUp: -1
			}[e], i = e === "Home" ? t[0] : e === "End" ? t.at(-1) : r ? t[t.indexOf(n) + r] : void 0;
			return i?.focus(), i !== void 0 || r !== void 0;
		}
		return !0;
	}
	quick(e, t) {
		this.menuItem = this.model.store.get(e.dataset.id ?? ""), this.choose(t);
	}
	keyedTab(e) {
		let t = e === (this.isRtl ? "ArrowLeft" : "ArrowRight") ? 1 : e === "ArrowLeft" || e === "ArrowRight" ? -1 : 0;
		return t ? (this.show($[($.indexOf(this.filter) + t + $.length) % $.length]), this.updateComplete.then(() => this.find("[role=\"tab\"][aria-selected=\"true\"]")?.focus()), !0) : !1;
	}
	get locale() {
		return Rt(this.lang || this.closest("[lang]")?.lang || navigator.language || "en");
	}
	get text() {
		return {
			...zt(this.locale),
			...this.words
		};
	}
	get isRtl() {
		let e = this.closest("[dir]")?.dir;
		return e === "rtl" || e !== "ltr" && Bt(this.locale);
	}
	render() {
		let e = this.mode === "inline";
		return k`<div dir=${this.isRtl ? "rtl" : "ltr"} lang=${this.locale}>
      ${e ? M : this.bellView()}
      <section class="panel" part="panel" role=${e ? "region" : "dialog"} aria-label=${this.text.title} tabindex="-1"
        popover=${e ? M : "manual"} @keydown=${this.pressed}>
        ${this.isSettings ? this.settingsPanel() : this.listPanel()}
        ${this.menuItem ? k`<div class="menu" part="menu" role="menu" popover="manual" aria-label=${Q(this.text.options, { title: this.menuItem.title })}>
          ${Kt(this.menuItem, this.text, (e) => void this.choose(e))}</div>` : M}
      </section>
      ${this.bread.items.length ? this.toastsView() : M}
      <div class="hush" role="status" aria-live="polite" aria-atomic="true">${this.said}</div>
    </div>`;
	}
	bellView() {
		let { unread: e, unseen: t } = this.model.store.counts, n = this.badge === "unseen" ? t : e;
		return k`<button class="bell" part="bell" aria-haspopup="dialog" aria-expanded=${String(this.isOpen)}
      aria-label=${Q(this.text.bell, { n: e })} @click=${() => this.isOpen ? this.shut(!0) : this.open()}>
      <slot name="bell">${Be}</slot>
      ${n ? k`<span class="badge ${t ? "" : "quiet"}" part="badge" aria-hidden="true">${n > nn ? `${nn}+` : n}</span>` : M}
    </button>`;
	}
	closeButton() {
		return this.mode === "inline" ? M : k`<button class="icon" aria-label=${this.text.close} @click=${() => this.shut(!0)}>${Ue}</button>`;
	}
	noteView() {
		let e = this.text;
		return this.problem ? k`<p class="note bad" part="note" role="alert">${this.problem}</p>` : this.status === "offline" ? k`<p class="note" part="note" role="status">${e.offline}</p>` : this.status === "signed-out" ? k`<p class="note bad" part="note" role="alert">${e.signedOut}<button @click=${() => this.model.restart(!0)}>${e.retry}</button></p>` : this.status === "waiting" ? k`<p class="note" part="note" role="status">${e.waiting}<button @click=${() => this.model.live.again()}>${e.retry}</button></p>` : M;
	}
	settingsPanel() {
		let e = this.text;
		return k`<header part="header"><button class="icon back flip" aria-label=${e.back} @click=${() => void this.toSettings()}>${He}</button>
        <h2>${e.settings}</h2>${this.closeButton()}</header>${this.noteView()}
      <div class="scroll">${Xt({
			words: e,
			preferences: this.preferences,
			categories: this.categories,
			failed: this.settingsFailed,
			push: this.push,
			isBusy: this.isPushBusy,
			channels: this.channels.split(",").map((e) => e.trim()).filter(Boolean),
			set: (e) => void this.prefer(e),
			push_: (e) => void this.turnPush(e),
			retry: () => void this.loadSettings()
		})}</div>`;
	}
	listPanel() {
		let e = this.text;
		return k`<header part="header"><h2>${e.title}</h2>
        <button class="icon" aria-label=${e.readAll} title=${e.readAll} ?disabled=${!this.model.store.counts.unread} @click=${() => void this.model.readAll()}>${Ge}</button>
        <button class="icon gear" aria-label=${e.settings} title=${e.settings} @click=${() => void this.toSettings()}>${Ve}</button>${this.closeButton()}</header>
      <div class="tabs" role="tablist" part="tabs">
        ${$.map((t) => k`<button role="tab" id="tab-${t}" aria-controls="list" aria-selected=${String(t === this.filter)}
          tabindex=${t === this.filter ? 0 : -1} @click=${() => this.show(t)}>${e[t]}</button>`)}
      </div>${this.noteView()}
      <div class="scroll" role="tabpanel" id="list" aria-labelledby="tab-${this.filter}" @scroll=${() => this.shutMenu(!1)}>${this.listView()}</div>`;
	}
	listView() {
		let e = this.model.paging[this.filter], t = this.model.store.entries(this.filter, e.next ?? 0).flatMap(({ head: e, rest: t }) => [{
			item: e,
			isUnder: !1,
			rest: t
		}, ...this.opened.has(e.group) ? t.map((e) => ({
			item: e,
			isUnder: !0,
			rest: []
		})) : []]);
		t.some(({ item: e }) => e.id === this.current) || (this.current = t[0]?.item.id ?? "");
		let n = e.next === null ? t.length : -1, r = this.doing(), i = ze(t, ({ item: e }) => e.id, ({ item: e, isUnder: t, rest: i }, a) => k`${Vt({
			item: e,
			isUnder: t,
			isCurrent: e.id === this.current,
			position: a + 1,
			size: n,
			more: i.length ? this.groupView(e, i) : M
		}, r)}`);
		return k`${t.length ? k`<div role="feed" aria-label=${this.text[this.filter]} aria-busy=${String(e.isLoading)}>${i}</div>` : M}
      ${this.footView(t.length === 0)}`;
	}
	groupView(e, t) {
		let n = this.opened.has(e.group);
		return k`<button class="group" part="group" tabindex=${e.id === this.current ? 0 : -1} aria-expanded=${String(n)} @click=${() => {
			n ? this.opened.delete(e.group) : this.opened.add(e.group), n || this.model.loadGroup(this.filter, e.group), this.requestUpdate();
		}}>${Ze}${n ? this.text.groupLess : Q(this.text.groupMore, { n: t.length })}</button>`;
	}
	footView(e) {
		let t = this.text, n = this.model.paging[this.filter];
		return n.failed ? k`<div class=${e ? "empty" : "foot"} role="alert"><span>${t.failed}</span><button class="wide" @click=${() => void this.model.loadMore(this.filter)}>${t.retry}</button></div>` : n.next === null ? e ? k`<div class="empty" part="empty">${Be}<strong>${t[tn[this.filter]]}</strong>${this.filter === "all" ? k`<span>${t.emptyAllMore}</span>` : M}</div>` : M : n.isLoading || e ? k`<div class="foot" role="status">${this.status === "signed-out" ? "" : t.loading}</div>` : k`<div class="foot" data-more><button class="wide" @click=${() => void this.model.loadMore(this.filter)}>${t.more}</button></div>`;
	}
	toastsView() {
		let { words: e, locale: t } = this.doing();
		return k`<div class="toasts" part="toasts" lang=${t}>${ze(this.bread.items, (e) => e.id, (t) => k`
      <div class="toast" part="toast" @pointerenter=${() => this.bread.hold(t.id)} @pointerleave=${() => this.bread.resume(t.id)}
        @focusin=${() => this.bread.hold(t.id)} @focusout=${() => this.bread.resume(t.id)}>
        <button class="say" dir="auto" @click=${(e) => {
			this.bread.drop(t.id), this.visit(t, e, !1);
		}}><h3>${t.title}</h3>${t.body ? k`<p class="text">${t.body}</p>` : M}</button>
        <button class="icon" aria-label=${e.close} @click=${() => this.bread.drop(t.id)}>${Ue}</button>
      </div>`)}</div>`;
	}
	doing() {
		return {
			words: this.text,
			locale: this.locale,
			now: Date.now(),
			open: (e, t) => this.openItem(e, t),
			act: (e, t) => void this.act(e, t),
			menu: (e, t) => void this.openMenu(e, t),
			focused: (e) => {
				this.current !== e.id && (this.current = e.id, this.requestUpdate());
			}
		};
	}
}, an = (e) => e instanceof J && e.code === "superseded";
// src/index.ts
customElements.get("clarion-inbox") || customElements.define("clarion-inbox", rn);
export { rn as ClarionInbox };
